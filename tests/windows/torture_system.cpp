// What only Windows has, for the torture.
#include "../torture.hpp"

namespace torture {

// Each of its calls is made by the scenarios that all systems share.
std::span<const scenario> of_system() { return {}; }

}  // namespace torture
