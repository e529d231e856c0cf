/*
 * Addresses of repositories: what is taken, what is refused and in which words, and whom a token
 * may reach.
 */
#include "unit/base/check.h"

#include "adapters/git_address.h"

static void an_address_is_taken_or_refused(void **state)
{
	static const struct {
		const char *url;
		bool has_token, allow_http;
		const char *authority; /* NULL: refused */
		const char *why;
	} rows[] = {
		{"/srv/git/shop.git", false, false, "", NULL},
		{"/srv/git/a@b:c.git", true, false, "", NULL},
		{"file:///srv/git/shop.git", false, false, "", NULL},
		{"https://example.org/shop.git", true, false, "example.org", NULL},
		{"HTTPS://Example.ORG:8443/shop.git", true, false, "example.org:8443", NULL},
		{"https://example.org/a@b", true, false, "example.org", NULL},
		{"http://example.org/shop.git", false, false, "example.org", NULL},
		{"http://example.org/shop.git", true, true, "example.org", NULL},
		{"http://127.0.0.1:8080/shop.git", true, false, "127.0.0.1:8080", NULL},
		{"http://127.9.9.9/shop.git", true, false, "127.9.9.9", NULL},
		{"http://[::1]:80/shop.git", true, false, "[::1]:80", NULL},
		{"http://localhost/shop.git", true, false, "localhost", NULL},

		{"http://example.org/shop.git", true, false, NULL, "in the clear"},
		{"http://127.0.0.1.example.org/x", true, false, NULL, "in the clear"},
		{"http://localhost.example.org/x", true, false, NULL, "in the clear"},
		{"http://[::2]/x", true, false, NULL, "in the clear"},
		{"http://0x7f000001/x", true, false, NULL, "in the clear"},
		{"https://ann@example.org/shop.git", false, false, NULL, "user name"},
		{"https://ann:geheim@example.org/shop.git", false, false, NULL, "user name"},
		{"https://example.org@evil.example/", true, false, NULL, "user name"},
		{"https:///shop.git", false, false, NULL, "no host"},
		{"git+ssh://git@example.org/x", false, false, NULL, "old one"},
		{"git://example.org/shop.git", false, false, NULL, "'git'"},
		{"ext::sh -c id", false, false, NULL, "neither"},
		{"ftp://example.org/x", false, false, NULL, "'ftp'"},
		{"file://example.org/shop.git", false, false, NULL, "names a host"},
		{"shop.git", false, false, NULL, "neither"},
		{"../shop.git", false, false, NULL, "neither"},
		{"", false, false, NULL, "empty"},
		{"https://example.org/\n", false, false, NULL, "control"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct git_address address = {.url = "untouched"};
		struct error *error = git_address_parse(*state, rows[i].url, rows[i].has_token,
		                                        rows[i].allow_http, &address);

		CASE(rows[i].url);
		if (rows[i].authority) {
			assert_fine(error);
			assert_string_equal(address.url, rows[i].url);
			assert_string_equal(address.authority, rows[i].authority);
			continue;
		}
		assert_error(error, ERR_GIT_URL);
		assert_contains(error->why, rows[i].why);
		assert_null(strstr(error_line(*state, error), "geheim"));
		assert_string_equal(address.url, "untouched");
	}
}

static void a_token_reaches_only_the_host_that_was_written(void **state)
{
	static const struct {
		const char *url;
		bool covered;
	} rows[] = {
		{"https://example.org:8443/shop.git/info/refs", true},
		{"https://Example.org:8443", true},
		{"https://example.org:8443?x", true},
		{"http://example.org:8443/shop.git", false},
		{"https://example.org/shop.git", false},
		{"https://example.org:84430/shop.git", false},
		{"https://example.org:8443.evil.example/shop.git", false},
		{"https://example.org:8443@evil.example/shop.git", false},
		{"https://evil.example/example.org:8443", false},
		{"/example.org:8443", false},
		{"", false},
	};
	struct git_address address;

	assert_fine(git_address_parse(*state, "https://example.org:8443/shop.git", true, false,
	                              &address));
	for (size_t i = 0; i < ROWS(rows); i++) {
		CASE(rows[i].url);
		assert_int_equal(git_address_covers(&address, rows[i].url), rows[i].covered);
	}
	assert_fine(git_address_parse(*state, "/srv/git/shop.git", true, false, &address));
	assert_false(git_address_covers(&address, "file:///srv/git/shop.git"));
}

static void an_address_for_ssh_is_taken_apart(void **state)
{
	static const struct {
		const char *url, *user, *host;
		unsigned port;
		const char *path, *authority;
	} rows[] = {
		{"ssh://git@example.org/shop.git", "git", "example.org", 22, "/shop.git",
	         "example.org"},
		{"SSH://git@Example.ORG:2222/a/shop.git", "git", "example.org", 2222, "/a/shop.git",
	         "example.org:2222"},
		{"ssh://git@[2001:db8::1]:2222/x", "git", "2001:db8::1", 2222, "/x",
	         "[2001:db8::1]:2222"},
		{"ssh://git@[::1]/x", "git", "::1", 22, "/x", "[::1]"},
		{"ssh://ann@example.org/~/shop.git", "ann", "example.org", 22, "~/shop.git",
	         "example.org"},
		{"ssh://ann@example.org/~bob/shop.git", "ann", "example.org", 22, "~bob/shop.git",
	         "example.org"},
		{"git@example.org:shop.git", "git", "example.org", 22, "shop.git", "example.org"},
		{"git@example.org:/srv/a:b.git", "git", "example.org", 22, "/srv/a:b.git",
	         "example.org"},
		{"git@[::1]:a/shop.git", "git", "::1", 22, "a/shop.git", "[::1]"},
		{"org-1234@github.com:acme/my shop.git", "org-1234", "github.com", 22,
	         "acme/my shop.git", "github.com"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct git_address address;

		CASE(rows[i].url);
		assert_fine(git_address_parse(*state, rows[i].url, false, false, &address));
		assert_int_equal(address.place, GIT_PLACE_SSH);
		assert_string_equal(address.user, rows[i].user);
		assert_string_equal(address.host, rows[i].host);
		assert_int_equal(address.port, rows[i].port);
		assert_string_equal(address.path, rows[i].path);
		assert_string_equal(address.authority, rows[i].authority);
		assert_false(git_address_covers(&address, rows[i].url));
	}
}

static void an_address_for_ssh_that_could_be_read_otherwise_is_refused(void **state)
{
	static const struct {
		const char *url;
		bool has_token;
		const char *why;
	} rows[] = {
		{"ssh://example.org/shop.git", false, "names no user"},
		{"example.org:shop.git", false, "names no user"},
		{"ssh://@example.org/shop.git", false, "user, host or port"},
		{"ssh://git:geheim@example.org/x", false, "a password"},
		{"ssh://git@-oProxyCommand=id/x", false, "user, host or port"},
		{"-oProxyCommand=id@example.org:x", false, "user, host or port"},
		{"git@-oProxyCommand=id:x", false, "user, host or port"},
		{"ssh://git@example.org:/x", false, "user, host or port"},
		{"ssh://git@example.org:0/x", false, "user, host or port"},
		{"ssh://git@example.org:65536/x", false, "user, host or port"},
		{"ssh://git@example.org:22x/x", false, "user, host or port"},
		{"ssh://git@a@b/x", false, "user, host or port"},
		{"ssh://git@exa mple.org/x", false, "user, host or port"},
		{"ssh://git@[::1/x", false, "user, host or port"},
		{"ssh://git@[example.org]/x", false, "user, host or port"},
		{"ssh://git@[::1]x/x", false, "user, host or port"},
		{"ssh://git@example.org", false, "path is missing"},
		{"ssh://git@example.org/", false, "path is missing"},
		{"git@example.org:", false, "path is missing"},
		{"git@example.org:--upload-pack=id", false, "path is missing"},
		{"git@example.org:a'; id; '", false, "quotes"},
		{"git@example.org:$(id)", false, "'$'"},
		{"git@example.org:a`id`", false, "'`'"},
		{"git@example.org:a\\b", false, "backslash"},
		{"git@example.org:shop.git", true, "a token cannot be sent over ssh"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct git_address address = {.url = "untouched"};
		struct error *error =
			git_address_parse(*state, rows[i].url, rows[i].has_token, false, &address);

		CASE(rows[i].url);
		assert_error(error, ERR_GIT_URL);
		assert_contains(error->why, rows[i].why);
		assert_null(strstr(error_line(*state, error), "geheim"));
		assert_string_equal(address.url, "untouched");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_address_is_taken_or_refused),
		TEST(an_address_for_ssh_is_taken_apart),
		TEST(an_address_for_ssh_that_could_be_read_otherwise_is_refused),
		TEST(a_token_reaches_only_the_host_that_was_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
