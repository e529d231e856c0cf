# The libraries of Debian 12 that the agent is built on. Each becomes one imported target; an adapter links exactly one.
#   PkgConfig::JANSSON  PkgConfig::LIBGIT2  PkgConfig::LIBCURL  PkgConfig::LIBFYAML  PkgConfig::SQLITE  PkgConfig::LIBPQ
#   PkgConfig::UTF8PROC  PkgConfig::GPGME  PkgConfig::CMOCKA (tests)  OpenSSL::Crypto  PgQuery::PgQuery
# What is missing is installed by name with: deploy/install-packages build test
find_package(PkgConfig REQUIRED)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson>=2.14)
pkg_check_modules(LIBGIT2 REQUIRED IMPORTED_TARGET libgit2>=1.5)
pkg_check_modules(LIBCURL REQUIRED IMPORTED_TARGET libcurl>=7.88)
pkg_check_modules(LIBFYAML REQUIRED IMPORTED_TARGET libfyaml>=0.7.12)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3>=3.40)
pkg_check_modules(LIBPQ REQUIRED IMPORTED_TARGET libpq>=15)
pkg_check_modules(GPGME REQUIRED IMPORTED_TARGET gpgme>=1.18)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc>=2.6)
pkg_check_modules(PROTOBUF_C REQUIRED IMPORTED_TARGET libprotobuf-c>=1.4)
find_package(OpenSSL 3.0 REQUIRED COMPONENTS Crypto)

# libpg_query comes without a .pc file.
find_library(HEADGATE_PG_QUERY_LIBRARY NAMES pg_query REQUIRED)
find_path(HEADGATE_PG_QUERY_INCLUDE NAMES pg_query.h REQUIRED)
add_library(PgQuery::PgQuery INTERFACE IMPORTED)
target_include_directories(PgQuery::PgQuery INTERFACE "${HEADGATE_PG_QUERY_INCLUDE}")
target_link_libraries(PgQuery::PgQuery INTERFACE "${HEADGATE_PG_QUERY_LIBRARY}" PkgConfig::PROTOBUF_C)

# The server's headers, for constants only (OIDs, lock modes, SQLSTATEs); nothing of the server is linked.
find_program(HEADGATE_PG_CONFIG NAMES pg_config REQUIRED)
execute_process(COMMAND "${HEADGATE_PG_CONFIG}" --includedir-server
	OUTPUT_VARIABLE headgate_pg_server_include OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
set(HEADGATE_PG_SERVER_INCLUDE "${headgate_pg_server_include}" CACHE PATH "PostgreSQL's server headers")
