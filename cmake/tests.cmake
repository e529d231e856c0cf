# headgate_test(name SOURCES file… LIBRARIES target… LABELS label… [POSTGRES])
#   One cmocka program, registered with ctest. Labels: unit, contract, plain (runs in the build without sanitizers, too).
#   POSTGRES: runs under tests/with-postgres, which starts a private cluster unless one is announced already.
#   What a test finds in its environment: HEADGATE_SOURCE_DIR, HEADGATE_BINARY_DIR, HEADGATE_BIN.
# headgate_script_test(name COMMAND … LABELS … [POSTGRES] [TIMEOUT seconds])
#   The same for a script.
if(NOT BUILD_TESTING)
	return()
endif()
pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka>=1.1.5)

# Leaks fail; the first finding ends the test, with an exit code that the agent never uses. The same for a bare `ctest` and for tests/run.
set(HEADGATE_TEST_ENVIRONMENT
	"HEADGATE_SOURCE_DIR=${CMAKE_SOURCE_DIR}"
	"HEADGATE_BINARY_DIR=${CMAKE_BINARY_DIR}"
	"HEADGATE_BIN=${CMAKE_BINARY_DIR}/agent/headgate"
)
if(HEADGATE_SANITIZE)
	list(APPEND HEADGATE_TEST_ENVIRONMENT
		"HEADGATE_SANITIZED=1"
		"ASAN_OPTIONS=exitcode=99:detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1:check_initialization_order=1"
		"UBSAN_OPTIONS=exitcode=99:print_stacktrace=1:halt_on_error=1"
	)
endif()

function(headgate_script_test name)
	cmake_parse_arguments(PARSE_ARGV 1 arg "POSTGRES" "TIMEOUT" "COMMAND;LABELS")
	if(NOT arg_TIMEOUT)
		set(arg_TIMEOUT 120)
	endif()
	if(arg_POSTGRES)
		list(PREPEND arg_COMMAND "${CMAKE_SOURCE_DIR}/tests/with-postgres")
	endif()
	add_test(NAME "${name}" COMMAND ${arg_COMMAND})
	set_tests_properties("${name}" PROPERTIES
		LABELS "${arg_LABELS}"
		TIMEOUT "${arg_TIMEOUT}"
		ENVIRONMENT "${HEADGATE_TEST_ENVIRONMENT}"
		SKIP_RETURN_CODE 77
	)
endfunction()

function(headgate_test name)
	cmake_parse_arguments(PARSE_ARGV 1 arg "POSTGRES" "" "SOURCES;LIBRARIES;LABELS")
	if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCES)
		message(FATAL_ERROR "headgate_test(${name}): SOURCES missing, or not understood: ${arg_UNPARSED_ARGUMENTS}")
	endif()
	add_executable("${name}" ${arg_SOURCES})
	target_include_directories("${name}" PRIVATE "${CMAKE_SOURCE_DIR}/tests")
	target_link_libraries("${name}" PRIVATE ${arg_LIBRARIES} PkgConfig::CMOCKA)
	set(postgres)
	if(arg_POSTGRES)
		set(postgres POSTGRES)
	endif()
	headgate_script_test("${name}" COMMAND "$<TARGET_FILE:${name}>" LABELS ${arg_LABELS} ${postgres})
endfunction()
