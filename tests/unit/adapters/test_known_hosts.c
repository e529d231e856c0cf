/* Pinned host keys: which lines are about a host, and which a reader could take for something else. */
#include "unit/base/check.h"

#include "adapters/known_hosts.h"

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g"
#define OTHER_KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
/* As ssh-keygen -H wrote them: git.example.org, and its port 2222. */
#define HASHED "|1|XrHWQbcpC+EzhRkA/Ah38cjCHJg=|XStGFOzLZByspRy52nN6nyyujvE="
#define HASHED_2222 "|1|f+BmTA/3ZMMtp6KZ31b7ZzoiTCs=|YLjBJZzT8AlkaErqVuuqMI5HDzM="

static struct error *try_parse(struct arena *arena, const char *text, unsigned port,
                               struct known_hosts *ret_hosts)
{
	return known_hosts_parse(arena, "/etc/pins", (struct bytes){text, strlen(text)},
	                         "git.example.org", port, ret_hosts);
}

static void a_line_is_about_a_host_and_a_port(void **state)
{
	static const struct {
		const char *sentence, *text;
		unsigned port;
		size_t count;
	} rows[] = {
		{"the host", "git.example.org " KEY "\n", 22, 1},
		{"with a comment, tabs, CRLF and no newline at the end",
	         "# pins\r\n\r\n \tgit.example.org\t" KEY " of the forge\r\n#", 22, 1},
		{"in any case", "GIT.Example.org " KEY "\n", 22, 1},
		{"one of several names", "192.0.2.7,git.example.org,forge " KEY "\n", 22, 1},
		{"two keys", "git.example.org " KEY "\ngit.example.org " OTHER_KEY "\n", 22, 2},
		{"hashed", HASHED " " KEY "\n", 22, 1},
		{"hashed, on its port", HASHED_2222 " " KEY "\n", 2222, 1},
		{"hashed, on another port", HASHED_2222 " " KEY "\n", 22, 0},
		{"hashed, but the port is asked for", HASHED " " KEY "\n", 2222, 0},
		{"on its port", "[git.example.org]:2222 " KEY "\n", 2222, 1},
		{"on another port", "[git.example.org]:2222 " KEY "\n", 2223, 0},
		{"only the host, and the port is asked for", "git.example.org " KEY "\n", 2222, 0},
		{"another host", "example.org " KEY "\n", 22, 0},
		{"a longer name", "git.example.org.evil.example " KEY "\n", 22, 0},
		{"nothing", "", 22, 0},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct known_hosts hosts;

		CASE(rows[i].sentence);
		assert_fine(try_parse(*state, rows[i].text, rows[i].port, &hosts));
		assert_int_equal(hosts.count, rows[i].count);
		if (hosts.count)
			assert_string_equal(ssh_key_line(*state, &hosts.items[0].key), KEY);
	}
}

static void a_revoked_key_is_told_apart(void **state)
{
	struct known_hosts hosts;

	assert_fine(try_parse(*state,
	                      "git.example.org " KEY "\n@revoked git.example.org " OTHER_KEY "\n",
	                      22, &hosts));
	assert_int_equal(hosts.count, 2);
	assert_false(hosts.items[0].is_revoked);
	assert_true(hosts.items[1].is_revoked);
	assert_int_equal(hosts.items[1].line, 2);
}

static void a_line_that_could_mean_something_else_refuses_the_file(void **state)
{
	static const struct {
		const char *sentence, *line, *why;
	} rows[] = {
		{"an authority", "@cert-authority git.example.org " KEY, "not supported"},
		{"an unknown marker", "@trusted git.example.org " KEY, "unknown marker '@trusted'"},
		{"a star", "*.example.org " KEY, "by a pattern"},
		{"a question mark", "git?example.org " KEY, "by a pattern"},
		{"a name that is not meant", "git.example.org,!other.org " KEY, "by a pattern"},
		{"an empty name", "git.example.org,,x " KEY, "empty or odd"},
		{"a hash among names", "git.example.org," HASHED " " KEY, "empty or odd"},
		{"another kind of hash", "|2|AAAA|AAAA " KEY, "|1|salt|hash"},
		{"a short hash", "|1|AAAA|AAAA " KEY, "|1|salt|hash"},
		{"a hash that is no base64", "|1|????|???? " KEY, "|1|salt|hash"},
		{"no key", "git.example.org", "no public key"},
		{"only a kind", "git.example.org ssh-ed25519", "no public key"},
		{"a key that is cut off",
	         "git.example.org ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEC", ""},
		{"an old form with numbers", "git.example.org 1024 35 1234567890", "no public key"},
		{"another kind than the key's",
	         "git.example.org ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g",
	         "before a key of the kind 'ssh-ed25519'"},
		{"DSA", "git.example.org ssh-dss AAAAB3NzaC1kc3M=", "too weak"},
		{"a signer's line", "ada@example.org namespaces=\"git\" " KEY, "no public key"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		const char *text =
			arena_printf(*state, "git.example.org " KEY "\n%s\n", rows[i].line);
		struct known_hosts hosts = {.count = 77};
		struct error *error = try_parse(*state, text, 22, &hosts);

		CASE(rows[i].sentence);
		assert_error(error, ERR_GIT_HOST_KEY);
		assert_contains(error->what, "line 2 ");
		assert_contains(error->why, rows[i].why);
		assert_true(error->hint && *error->hint);
		assert_int_equal(hosts.count, 77);
	}
}

static void a_line_has_a_maximum_and_holds_no_nul(void **state)
{
	char *text = arena_alloc(*state, 40000);
	struct known_hosts hosts;

	memset(text, 'x', 39999);
	text[39999] = '\0';
	assert_error(try_parse(*state, text, 22, &hosts), ERR_GIT_HOST_KEY);
	assert_error(known_hosts_parse(*state, "/etc/pins",
	                               (struct bytes){"git.example.org\0 " KEY "\n", 20},
	                               "git.example.org", 22, &hosts),
	             ERR_GIT_HOST_KEY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_line_is_about_a_host_and_a_port),
		TEST(a_revoked_key_is_told_apart),
		TEST(a_line_that_could_mean_something_else_refuses_the_file),
		TEST(a_line_has_a_maximum_and_holds_no_nul),
	};

	return cmocka_run_group_tests_name("known_hosts", tests, NULL, NULL);
}
