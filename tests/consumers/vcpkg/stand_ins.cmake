# cmake -DPORT=FOLDER -DSOURCE=FOLDER -DPACKAGES=FOLDER -DVERSION=... -P stand_ins.cmake
#
# Runs a port as vcpkg would, by stand-ins for those of its functions that the port uses: the sources are this checkout, and the
# package is built for this system, debug and release, and installed into PACKAGES. Options that a function does not have
# are errors.
cmake_minimum_required(VERSION 3.21)

set(CURRENT_PACKAGES_DIR "${PACKAGES}")
set(_builds "${PACKAGES}-build")
set(_port_folder "${PORT}")
set(PORT spawnpipe)

function(_run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

function(_refuse_others function)
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "${function} has no ${arg_UNPARSED_ARGUMENTS}")
  endif()
endfunction()

function(vcpkg_from_github)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "OUT_SOURCE_PATH;REPO;REF;SHA512;HEAD_REF" "PATCHES")
  _refuse_others(vcpkg_from_github)
  if(NOT arg_REF STREQUAL "v${VERSION}")
    message(FATAL_ERROR "the port asks for ${arg_REF}, and this is ${VERSION}")
  endif()
  set(${arg_OUT_SOURCE_PATH} "${SOURCE}" PARENT_SCOPE)
endfunction()

function(vcpkg_configure_meson)
  cmake_parse_arguments(PARSE_ARGV 0 arg "NO_PKG_CONFIG" "SOURCE_PATH" "OPTIONS;OPTIONS_DEBUG;OPTIONS_RELEASE;LANGUAGES")
  _refuse_others(vcpkg_configure_meson)
  foreach(type IN ITEMS debug release)
    set(prefix "${CURRENT_PACKAGES_DIR}")
    if(type STREQUAL "debug")
      string(APPEND prefix /debug)
    endif()
    _run(meson setup "${_builds}/${type}" "${arg_SOURCE_PATH}" --buildtype=${type} --prefix=${prefix} --libdir=lib
      --default-library=shared --unity=on ${arg_OPTIONS})
  endforeach()
endfunction()

function(vcpkg_install_meson)
  foreach(type IN ITEMS debug release)
    _run(ninja -C "${_builds}/${type}" install)
  endforeach()
endfunction()

# As vcpkg's: the files move to share/, where the prefix is two folders up.
function(vcpkg_cmake_config_fixup)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "PACKAGE_NAME;CONFIG_PATH" "")
  _refuse_others(vcpkg_cmake_config_fixup)
  set(share "${CURRENT_PACKAGES_DIR}/share/${PORT}")
  file(MAKE_DIRECTORY "${CURRENT_PACKAGES_DIR}/share")
  file(RENAME "${CURRENT_PACKAGES_DIR}/${arg_CONFIG_PATH}" "${share}")
  file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/${arg_CONFIG_PATH}")
  set(moved FALSE)
  file(GLOB files "${share}/*.cmake")
  foreach(file IN LISTS files)
    file(READ "${file}" text)
    string(REGEX REPLACE
      [[get_filename_component\(PACKAGE_PREFIX_DIR "\${CMAKE_CURRENT_LIST_DIR}/\.\./(\.\./)*" ABSOLUTE\)]]
      [[get_filename_component(PACKAGE_PREFIX_DIR "${CMAKE_CURRENT_LIST_DIR}/../../" ABSOLUTE)]] fixed "${text}")
    if(NOT fixed STREQUAL text)
      set(moved TRUE)
      file(WRITE "${file}" "${fixed}")
    endif()
  endforeach()
  if(NOT moved)
    message(FATAL_ERROR "vcpkg would not find the prefix in ${share}")
  endif()
endfunction()

function(vcpkg_install_copyright)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "COMMENT" "FILE_LIST")
  _refuse_others(vcpkg_install_copyright)
  file(INSTALL ${arg_FILE_LIST} DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}" RENAME copyright)
endfunction()

function(vcpkg_copy_pdbs)
endfunction()

function(vcpkg_fixup_pkgconfig)
  foreach(folder IN ITEMS lib debug/lib)
    if(NOT EXISTS "${CURRENT_PACKAGES_DIR}/${folder}/pkgconfig/${PORT}.pc")
      message(FATAL_ERROR "no ${folder}/pkgconfig/${PORT}.pc")
    endif()
  endforeach()
endfunction()

# include() sets CMAKE_CURRENT_LIST_DIR, as vcpkg does.
include("${_port_folder}/portfile.cmake")

# What vcpkg complains of after a build.
foreach(wanted IN ITEMS share/${PORT}/copyright share/${PORT}/usage share/${PORT}/spawnpipeConfig.cmake include/spawnpipe)
  if(NOT EXISTS "${CURRENT_PACKAGES_DIR}/${wanted}")
    message(FATAL_ERROR "the package lacks ${wanted}")
  endif()
endforeach()
foreach(unwanted IN ITEMS debug/include debug/share lib/cmake debug/lib/cmake)
  if(EXISTS "${CURRENT_PACKAGES_DIR}/${unwanted}")
    file(GLOB_RECURSE files "${CURRENT_PACKAGES_DIR}/${unwanted}/*")
    if(files)
      message(FATAL_ERROR "the package has ${files}")
    endif()
  endif()
endforeach()
