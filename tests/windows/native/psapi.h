// What the back end takes from the system's header of this name is in windows.h.
#include <windows.h>
