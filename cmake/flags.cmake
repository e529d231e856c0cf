# Flags for every C file of ours. banned.h comes before the file's first line, so a banned function cannot slip in.
add_compile_definitions(_GNU_SOURCE HEADGATE_VERSION="${PROJECT_VERSION}")
include_directories("${CMAKE_SOURCE_DIR}/include" "${CMAKE_SOURCE_DIR}/agent")
add_compile_options(
	-include "${CMAKE_SOURCE_DIR}/include/base/banned.h"
	-Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Wswitch-enum
)

if(HEADGATE_WERROR)
	add_compile_options(-Werror)
endif()

if(HEADGATE_FAULTS)
	add_compile_definitions(HEADGATE_FAULTS)
endif()

if(HEADGATE_SANITIZE)
	add_compile_options(-fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=all)
	add_link_options(-fsanitize=address,undefined)
endif()

if(HEADGATE_FUZZ)
	add_compile_options(-fsanitize=fuzzer-no-link)
endif()

if(HEADGATE_COVERAGE)
	add_compile_options(--coverage -fprofile-abs-path)
	add_link_options(--coverage)
endif()

# Release: -O2 instead of CMake's -O3, and no -DNDEBUG, for a broken invariant must stop the agent in production too.
set(CMAKE_C_FLAGS_RELEASE "-O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong")
if(CMAKE_BUILD_TYPE STREQUAL "Release")
	add_link_options(-Wl,-z,relro,-z,now)
endif()
