/* Reading Prisma projects by their text: real forms, odd ones, and bytes that are none. */
#include "model/prisma_project.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROWS(table) (sizeof(table) / sizeof *(table))

/* Of exactly this size, so that a read beyond the end is seen. */
static struct bytes exact(struct arena *arena, const char *text)
{
	const size_t size = strlen(text);
	char *copy = malloc(size ? size : 1);

	(void)arena;
	memcpy(copy, text, size);
	return (struct bytes){copy, size};
}

static void forget(struct bytes bytes)
{
	free((void *)(uintptr_t)bytes.data);
}

static void same(const char *sentence, const char *expected, const char *actual)
{
	if (!text_equal(expected, actual))
		fail_msg("%s: '%s' instead of '%s'", sentence, actual ? actual : "(none)",
		         expected ? expected : "(none)");
}

static void a_datasource_is_read(void **state)
{
	static const struct {
		const char *sentence, *text;
		bool found;
		const char *provider, *url, *direct, *schemas;
		bool literal;
	} rows[] = {
		{"the usual one",
	         "generator client {\n provider = \"prisma-client-js\"\n}\n\ndatasource db {\n  provider = "
	         "\"postgresql\"\n  url      = env(\"DATABASE_URL\")\n}\nmodel A { id Int @id }",
	         true, "postgresql", "DATABASE_URL", NULL, "", false},
		{"with a direct URL and schemas",
	         "datasource db {\n provider=\"postgres\" url = env(\"A\")\n directUrl = env(\"B\")\n"
	         " schemas = [\"auth\", \"public\"]\n}",
	         true, "postgres", "A", "B", "auth,public", false},
		{"without a URL, as Prisma 7 has it", "datasource db { provider = \"postgresql\" }",
	         true, "postgresql", NULL, NULL, "", false},
		{"a URL that is written out",
	         "datasource db { provider = \"postgresql\"\n url = \"postgresql://u:p@h/d\" }",
	         true, "postgresql", NULL, NULL, "", true},
		{"another database", "datasource db { provider = \"mysql\"\n url = env(\"M\") }",
	         true, "mysql", "M", NULL, "", false},
		{"in a comment it is none",
	         "// datasource db { provider = \"postgresql\" }\n/* datasource x { } */ model A { }",
	         false, NULL, NULL, NULL, "", false},
		{"in a model it is none", "model M { datasource db { provider = \"x\" } }", false,
	         NULL, NULL, NULL, "", false},
		{"a comment behind a value",
	         "datasource db {\n url = env(\"A\") // env(\"B\")\n provider = \"postgresql\" // \"mysql\"\n}",
	         true, "postgresql", "A", NULL, "", false},
		{"a name that a shell would run",
	         "datasource db { provider = \"postgresql\" url = env(\"A$(touch x)\") directUrl = env(\"B C\") }",
	         true, "postgresql", NULL, NULL, "", false},
		{"cut off", "datasource db { provider = \"postgresql", true, "postgresql", NULL,
	         NULL, "", false},
		{"cut off earlier", "datasource db { url = env(", true, NULL, NULL, NULL, "",
	         false},
		{"an unclosed list", "datasource db { schemas = [\"a\"", true, NULL, NULL, NULL,
	         "a", false},
		{"only the word", "datasource", false, NULL, NULL, NULL, "", false},
		{"nothing", "", false, NULL, NULL, NULL, "", false},
		{"closing braces alone", "}}}} datasource d { provider = \"postgresql\" }", true,
	         "postgresql", NULL, NULL, "", false},
		{"an open comment", "/* datasource d {", false, NULL, NULL, NULL, "", false},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		AUTO_ARENA arena = arena_new();
		struct bytes bytes = exact(arena, rows[i].text);
		struct prisma_datasource read;

		prisma_schema_read(arena, bytes, &read);
		forget(bytes);
		assert_int_equal(read.found, rows[i].found);
		same(rows[i].sentence, rows[i].provider, read.provider);
		same(rows[i].sentence, rows[i].url, read.url_variable);
		same(rows[i].sentence, rows[i].direct, read.direct_variable);
		same(rows[i].sentence, rows[i].schemas, text_join(arena, &read.schemas, ","));
		assert_int_equal(read.url_is_literal, rows[i].literal);
	}
}

static void a_configuration_is_read(void **state)
{
	static const struct {
		const char *sentence, *text, *schema, *migrations, *url, *direct;
		bool literal;
	} rows[] = {
		{"as Prisma 7 writes it",
	         "import 'dotenv/config'\nimport { defineConfig, env } from 'prisma/config'\n"
	         "export default defineConfig({\n  schema: 'prisma/schema.prisma',\n"
	         "  migrations: {\n    path: 'prisma/migrations',\n    seed: 'tsx seed.ts',\n  },\n"
	         "  datasource: {\n    url: env('DATABASE_URL'),\n  },\n})\n",
	         "prisma/schema.prisma", "prisma/migrations", "DATABASE_URL", NULL, false},
		{"process.env",
	         "export default { datasource: { url: process.env.DB_URL!, directUrl: "
	         "process.env[\"DIRECT\"] } } satisfies PrismaConfig",
	         NULL, NULL, "DB_URL", "DIRECT", false},
		{"a typed env",
	         "export default defineConfig<X>({ datasource: { url: env<Env>(\"T\") } })", NULL,
	         NULL, "T", NULL, false},
		{"with a default",
	         "export default defineConfig({datasource:{url:process.env.A ?? ''}})", NULL, NULL,
	         "A", NULL, false},
		{"joined paths",
	         "export default defineConfig({ schema: path.join('db', 'schema'), migrations: { path: "
	         "path.join(\"db\", \"migrations\") } })",
	         "db/schema", "db/migrations", NULL, NULL, false},
		{"a path that is computed is not known",
	         "export default defineConfig({ schema: base + 'x', migrations: { path: choose('a') } })",
	         NULL, NULL, NULL, NULL, false},
		{"a URL that is written out",
	         "export default { datasource: { url: 'postgresql://u:p@h/d' } }", NULL, NULL, NULL,
	         NULL, true},
		{"quoted keys",
	         "module.exports = { \"schema\": \"a.prisma\", 'migrations': {'path': 'm'} }",
	         "a.prisma", "m", NULL, NULL, false},
		{"a variable with a type",
	         "const c: PrismaConfig = { schema: 'b.prisma' };\nexport default c;", "b.prisma",
	         NULL, NULL, NULL, false},
		{"what stands deeper is something else",
	         "export default defineConfig({ experimental: { migrations: { path: 'no' }, schema: 'no' } })",
	         NULL, NULL, NULL, NULL, false},
		{"a function in it",
	         "export default defineConfig({ adapter: async () => { return { schema: 'no', url: 1 } }, "
	         "schema: 's' })",
	         "s", NULL, NULL, NULL, false},
		{"comments",
	         "export default { /* schema: 'no', */ // schema: 'no'\n schema: 'yes' }", "yes",
	         NULL, NULL, NULL, false},
		{"cut off", "export default { datasource: { url: env(", NULL, NULL, NULL, NULL,
	         false},
		{"braces without end", "{{{{{{{{{{{{{{{{{{{{{{{{{{ schema: 'x'", NULL, NULL, NULL,
	         NULL, false},
		{"a name that a shell would run",
	         "export default { datasource: { url: env(\"A`id`\"), directUrl: process.env['x y'] } }",
	         NULL, NULL, NULL, NULL, false},
		{"nothing", "", NULL, NULL, NULL, NULL, false},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		AUTO_ARENA arena = arena_new();
		struct bytes bytes = exact(arena, rows[i].text);
		struct prisma_config read;

		prisma_config_read(arena, bytes, &read);
		forget(bytes);
		same(rows[i].sentence, rows[i].schema, read.schema);
		same(rows[i].sentence, rows[i].migrations, read.migrations);
		same(rows[i].sentence, rows[i].url, read.url_variable);
		same(rows[i].sentence, rows[i].direct, read.direct_variable);
		assert_int_equal(read.url_is_literal, rows[i].literal);
	}
}

static void names_of_variables_are_read_and_no_values(void **state)
{
	static const struct {
		const char *sentence, *text, *names;
	} rows[] = {
		{"the usual", "# a comment\nDATABASE_URL=\"postgresql://u:s3cret@h/d\"\nA = 1\n",
	         "DATABASE_URL,A"},
		{"export", "export X=1\nexport\tY=2\r\n", "X,Y"},
		{"a value of many lines", "KEY=\"-----BEGIN\nNOT=a name\n-----END\"\nZ=1", "KEY,Z"},
		{"a quote that never ends", "A=\"x\nB=2", "A,B"},
		{"twice", "A=1\nA=2", "A"},
		{"what is no name", "1A=1\nB-C=2\n=3\nD", ""},
		{"nothing", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		AUTO_ARENA arena = arena_new();
		struct bytes bytes = exact(arena, rows[i].text);
		struct text_list names;

		dotenv_names(arena, bytes, &names);
		forget(bytes);
		same(rows[i].sentence, rows[i].names, text_join(arena, &names, ","));
	}
}

static void names_have_a_maximum(void **state)
{
	AUTO_ARENA arena = arena_new();
	struct text text = TEXT_IN(arena);
	struct text_list names;

	(void)state;
	for (int i = 0; i < PROJECT_NAMES_MAXIMUM + 10; i++)
		text_printf(&text, "N%d=1\n", i);
	dotenv_names(arena, text_bytes(&text), &names);
	assert_int_equal(names.count, PROJECT_NAMES_MAXIMUM);
}

static void git_settings_are_read(void **state)
{
	AUTO_ARENA arena = arena_new();
	struct git_settings settings = {0};
	struct bytes general = exact(
		arena, "[user]\n\tname = A\n\temail = a@example.org\n\tsigningkey = ~/.ssh/id\n"
		       "[gpg]\n\tformat = ssh ; a comment\n");
	struct bytes special =
		exact(arena, "[Remote \"upstream\"]\n\turl = no\n[remote \"origin\"]\n"
	                     "\turl = \"https://example.org/a b.git\" # here\n\tfetch = x\n"
	                     "[USER]\n\tEmail = b@example.org\n[broken\nurl = no\n");

	(void)state;
	git_settings_read(arena, general, &settings);
	git_settings_read(arena, special, &settings);
	forget(general);
	forget(special);
	same("origin", "https://example.org/a b.git", settings.origin);
	same("the later file counts", "b@example.org", settings.email);
	same("a key stays", "~/.ssh/id", settings.signing_key);
	same("a comment ends a value", "ssh", settings.signing_format);
}

static void a_head_names_its_branch(void **state)
{
	static const struct {
		const char *text, *branch;
	} rows[] = {
		{"ref: refs/remotes/origin/main\n", "main"},
		{"ref: refs/heads/release/1\n", "release/1"},
		{"ref: refs/heads/\n", NULL},
		{"1111111111111111111111111111111111111111\n", NULL},
		{"ref: refs/heads/a\nb", NULL},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		AUTO_ARENA arena = arena_new();
		struct bytes bytes = exact(arena, rows[i].text);

		same(rows[i].text, rows[i].branch, git_head_branch(arena, bytes));
		forget(bytes);
	}
}

static void a_remote_loses_its_secrets(void **state)
{
	static const struct {
		const char *text, *url, *github;
		bool had_secret, was_ssh;
	} rows[] = {
		{"https://github.com/acme/shop.git", "https://github.com/acme/shop.git",
	         "acme/shop", false, false},
		{"https://github.com/acme/shop", "https://github.com/acme/shop", "acme/shop", false,
	         false},
		{"https://me:ghp_s3cret@github.com/acme/shop.git",
	         "https://github.com/acme/shop.git", "acme/shop", true, false},
		{"https://ghp_s3cret@example.org/x.git", "https://example.org/x.git", NULL, true,
	         false},
		{"https://a:b@c@example.org/x.git", "https://example.org/x.git", NULL, true, false},
		{"git@github.com:acme/shop.git", "https://github.com/acme/shop.git", "acme/shop",
	         false, true},
		{"ssh://git@ssh.github.com:443/acme/shop.git", "https://github.com/acme/shop.git",
	         "acme/shop", false, true},
		{"git@gitlab.com:group/sub/shop.git", "git@gitlab.com:group/sub/shop.git", NULL,
	         false, false},
		{"ssh://git@example.org/shop.git", "ssh://git@example.org/shop.git", NULL, false,
	         false},
		{"ssh://git:pw@example.org/shop.git", "ssh://git@example.org/shop.git", NULL, true,
	         false},
		{"/srv/shop.git", "/srv/shop.git", NULL, false, false},
		{"../shop.git", "../shop.git", NULL, false, false},
		{"https://evilgithub.com/acme/shop", "https://evilgithub.com/acme/shop", NULL,
	         false, false},
		{"https://github.com/acme", "https://github.com/acme", NULL, false, false},
		{"https://github.com/a/b/c", "https://github.com/a/b/c", NULL, false, false},
		{"https://github.com/a/b c", "https://github.com/a/b c", NULL, false, false},
		{"https://", "https://", NULL, false, false},
		{"", "", NULL, false, false},
		{":", ":", NULL, false, false},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		AUTO_ARENA arena = arena_new();
		struct remote_address read;

		remote_address_read(arena, rows[i].text, &read);
		same(rows[i].text, rows[i].url, read.url);
		same(rows[i].text, rows[i].github, read.github);
		assert_int_equal(read.had_secret, rows[i].had_secret);
		assert_int_equal(read.was_ssh, rows[i].was_ssh);
	}
}

static void a_target_gets_a_name_that_may_stand_everywhere(void **state)
{
	static const struct {
		const char *text, *name;
	} rows[] = {
		{"shop", "shop"},
		{"My Shop_2", "my-shop-2"},
		{"--a--b--", "a-b"},
		{"ü", "target"},
		{"", "target"},
		{"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
	         "abcdefghijklmnopqrstuvwxyzabcdefghijklmn"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		AUTO_ARENA arena = arena_new();

		same(rows[i].text, rows[i].name, target_name_of(arena, rows[i].text));
	}
}

/* Each beginning of a file, and each with a byte changed, is read without harm. */
static void no_bytes_do_harm(void **state)
{
	static const char text[] =
		"/*x*/ datasource db { provider = \"p\\\"q\" schemas = [\"a\",'b'] url = env(`U`) } "
		"export default { datasource: { url: process.env[\"A\"] }, migrations: { path: 'x' } } // y\n"
		"[remote \"origin\"]\nurl = \"a\\\\b\" ; c\nexport A=\"\n";

	(void)state;
	for (size_t size = 0; size < sizeof text; size++)
		for (int change = 0; change < 3; change++) {
			AUTO_ARENA arena = arena_new();
			char *copy = malloc(size ? size : 1);
			struct bytes bytes = {copy, size};
			struct prisma_datasource datasource;
			struct prisma_config config;
			struct git_settings settings = {0};
			struct text_list names;

			memcpy(copy, text, size);
			if (size && change)
				copy[size / 2] = change == 1 ? '\0' : '\xff';
			prisma_schema_read(arena, bytes, &datasource);
			prisma_config_read(arena, bytes, &config);
			git_settings_read(arena, bytes, &settings);
			dotenv_names(arena, bytes, &names);
			(void)git_head_branch(arena, bytes);
			free(copy);
		}
	assert_true(sizeof text > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_datasource_is_read),
		cmocka_unit_test(a_configuration_is_read),
		cmocka_unit_test(names_of_variables_are_read_and_no_values),
		cmocka_unit_test(names_have_a_maximum),
		cmocka_unit_test(git_settings_are_read),
		cmocka_unit_test(a_head_names_its_branch),
		cmocka_unit_test(a_remote_loses_its_secrets),
		cmocka_unit_test(a_target_gets_a_name_that_may_stand_everywhere),
		cmocka_unit_test(no_bytes_do_harm),
	};

	return cmocka_run_group_tests_name("model: prisma_project", tests, NULL, NULL);
}
