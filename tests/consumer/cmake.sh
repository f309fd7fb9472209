# SPDX-License-Identifier: MIT
# find_package(emblas), from where the library was installed.
command -v cmake >/dev/null || { echo "cmake is not there"; exit 77; }
. "$SOURCE/tests/consumer/install.sh"
cat >"$work/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.13)
project(consumer C)
# On a Debian without dpkg-dev meson installs into lib64, where CMake does not look of itself.
set_property(GLOBAL PROPERTY FIND_LIBRARY_USE_LIB64_PATHS ON)
find_package(emblas 0.1 REQUIRED)
foreach(library emblas emblas_static)
  if(TARGET emblas::${library})
    add_executable(fit_${library} fit.c)
    target_link_libraries(fit_${library} emblas::${library} m)
    add_custom_command(TARGET fit_${library} POST_BUILD COMMAND fit_${library})
  endif()
endforeach()
if(TARGET emblas::io)
  add_executable(files files.c)
  target_link_libraries(files emblas::io)
  add_custom_command(TARGET files POST_BUILD COMMAND files ${SOURCE}/data/faithful.csv faithful.json)
endif()
END

cmake -G Ninja -S "$work" -B "$work/build" -DCMAKE_PREFIX_PATH="$root" -DSOURCE="$SOURCE" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
cmake --build "$work/build"
"$work/build/fit_emblas"
