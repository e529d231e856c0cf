/* The GitHub adapter keeps the contract on the project's own stub, and what is true of GitHub alone. */
#include "contract/forge_contract.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "adapters/forge_github.h"
#include "base/clock.h"
#include "base/node.h"
#include "base/text.h"
#include "tools/forge_stub_client.h"

#define TOKEN "a-token-that-nobody-may-see"
#define COMMIT "1111111111111111111111111111111111111111"
#define OTHER_COMMIT "2222222222222222222222222222222222222222"
#define UNKNOWN_COMMIT "3333333333333333333333333333333333333333"
#define REPOSITORY "acme/shop.db"

struct place {
	struct arena *arena;
	struct forge_stub *stub;
	struct text_list commits;
	struct text pulls; /* as the stub reads them */
};

static struct forge *open_with(struct arena *arena, const struct forge_stub *stub,
                               const char *token, uint64_t deadline_ms)
{
	struct forge_github_options options = {
		.api = stub->address,
		.repository = REPOSITORY,
		.token = secret_new(arena, (struct bytes){token, strlen(token)}),
		.ca_file = stub->ca_file,
		.deadline_ms = deadline_ms,
	};
	struct forge *forge = NULL;
	struct error *error = forge_github_open(arena, &options, &forge);

	if (error)
		fail_msg("%s: %s", error->what, error->why);
	return forge;
}

/* --- the contract --- */

static struct forge *open_again(struct forge_subject *subject, struct arena *arena)
{
	return open_with(arena, ((struct place *)subject->context)->stub, TOKEN, 0);
}

/* What a person sees is the newest request that the stub took. */
static bool read_status(struct forge_subject *subject, const char *commit, const char *target,
                        struct arena *arena, struct status *ret_status)
{
	struct place *place = subject->context;
	const char *context = status_context(arena, target), *why;
	struct text_list lines = {0};
	bool found = false;

	text_split(arena, forge_stub_log(place->stub, arena), '\n', &lines);
	for (size_t i = 0; i < lines.count; i++) {
		const struct node *line =
			node_from_json(arena, lines.items[i], strlen(lines.items[i]), &why);

		if (node_find_number(line, "answer", 0) != 201 ||
		    !text_equal(node_find_text(line, "sha"), commit) ||
		    !text_equal(node_find_text(line, "context"), context))
			continue;
		found = status_state_find(node_find_text(line, "state"), &ret_status->state);
		ret_status->description = node_find_text(line, "description");
	}
	return found;
}

static size_t count(struct forge_subject *subject, const char *commit, const char *target)
{
	AUTO_ARENA arena = arena_new();
	struct place *place = subject->context;
	const char *context = status_context(arena, target), *why;
	struct text_list lines = {0};
	size_t number = 0;

	text_split(arena, forge_stub_log(place->stub, arena), '\n', &lines);
	for (size_t i = 0; i < lines.count; i++) {
		const struct node *line =
			node_from_json(arena, lines.items[i], strlen(lines.items[i]), &why);

		number += node_find_number(line, "answer", 0) == 201 &&
		          text_equal(node_find_text(line, "sha"), commit) &&
		          text_equal(node_find_text(line, "context"), context);
	}
	return number;
}

static void set_down(struct forge_subject *subject, bool down)
{
	forge_stub_mode(((struct place *)subject->context)->stub, down ? "down" : "");
}

static void add_pull(struct forge_subject *subject, const char *commit, uint64_t number)
{
	struct place *place = subject->context;

	text_printf(&place->pulls, "%s %u merged %s\n", commit, (unsigned)number, commit);
	forge_stub_pulls(place->stub, text_get(&place->pulls));
}

static void reset(struct forge_subject *subject)
{
	struct place *place = subject->context;

	place->pulls = TEXT_IN(place->arena);

	if (place->stub)
		forge_stub_stop(place->stub);
	place->stub = forge_stub_start(
		place->arena,
		&(struct forge_stub_options){.token = TOKEN, .commits = &place->commits});
}

static int contract(void)
{
	AUTO_ARENA arena = arena_new();
	struct place place = {.arena = arena};
	struct forge_subject subject = {
		.name = "forge contract: github",
		.commits = {COMMIT, OTHER_COMMIT},
		.unknown_commit = UNKNOWN_COMMIT,
		.context = &place,
		.open = open_again,
		.read = read_status,
		.count = count,
		.set_down = set_down,
		.add_pull = add_pull,
		.reset = reset,
	};
	int failed;

	*LIST_ADD(arena, &place.commits) = COMMIT;
	*LIST_ADD(arena, &place.commits) = OTHER_COMMIT;
	failed = forge_contract_run(&subject);
	forge_stub_stop(place.stub);
	return failed;
}

/* --- what is GitHub's own --- */

struct bench {
	struct arena *arena;
	struct forge_stub *stub;
	struct forge *forge;
};

static int set_up(void **state)
{
	struct arena *arena = arena_new();
	struct bench *bench = ARENA_NEW(arena, struct bench);

	bench->arena = arena;
	bench->stub = forge_stub_start(arena, &(struct forge_stub_options){.token = TOKEN});
	bench->forge = open_with(arena, bench->stub, TOKEN, 400);
	*state = bench;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	forge_close(bench->forge);
	forge_stub_stop(bench->stub);
	arena_free(bench->arena);
	return 0;
}

static struct status sample(struct bench *bench)
{
	return (struct status){
		.target = "shop",
		.commit = COMMIT,
		.context = status_context(bench->arena, "shop"),
		.state = STATUS_SUCCESS,
		.description = "applied 1 migration",
	};
}

static struct error *post(struct bench *bench, const struct status *status, uint64_t *ret_wait_ms)
{
	return forge_post(bench->forge, status, bench->arena, ret_wait_ms);
}

static void every_answer_has_its_meaning(void **state)
{
	static const struct {
		const char *mode, *error;
		uint64_t least_ms, most_ms; /* of the wish */
		const char *said;           /* in the reason */
		const char *sentence;
	} cases[] = {
		{"down", "FORGE_BUSY", 0, 0, "503", "503 is an outage that the forge knows of"},
		{"broken", "FORGE_UNREACHABLE", 0, 0, "502", "another 5xx is an outage"},
		{"limit 7", "FORGE_BUSY", 7000, 7000, "rate limit", "429 with seconds"},
		{"limit 90000", "FORGE_BUSY", 900000, 900000, "rate limit",
	         "a long wait is cut to 15 minutes"},
		{"date 30", "FORGE_BUSY", 27000, 30000, "rate limit", "429 with a date"},
		{"limit 0", "FORGE_BUSY", 60000, 60000, "rate limit", "429 that names no time"},
		{"primary 40", "FORGE_BUSY", 37000, 40000, "rate limit",
	         "403 with nothing left is a limit"},
		{"primary 4000", "FORGE_BUSY", 900000, 900000, "rate limit",
	         "a far reset is cut to 15 minutes"},
		{"secondary", "FORGE_BUSY", 60000, 60000, "rate limit",
	         "403 whose words alone tell of a limit"},
		{"forbid", "FORGE_AUTH", 0, 0, "lacks a right", "another 403 is a missing right"},
		{"missing", "FORGE_AUTH", 0, 0, "no such repository",
	         "404 is the repository, not the commit"},
		{"moved", "FORGE_AUTH", 0, 0, "redirects are not followed",
	         "a redirect is not followed"},
		{"huge", "FORGE_UNREACHABLE", 0, 0, "1 MiB", "a reply without end is cut off"},
		{"lose", "FORGE_UNREACHABLE", 0, 0, "", "a lost reply"},
		{"hang", "FORGE_UNREACHABLE", 0, 0, "", "a forge that never answers"},
	};
	struct bench *bench = *state;
	struct status status = sample(bench);

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint64_t wait_ms = 0;
		struct error *error;

		forge_stub_mode(bench->stub, cases[i].mode);
		error = post(bench, &status, &wait_ms);
		print_message("%s: %s\n", cases[i].sentence,
		              error ? error_line(bench->arena, error) : "taken");
		assert_non_null(error);
		assert_string_equal(error->row->name, cases[i].error);
		assert_non_null(strstr(error->why, cases[i].said));
		assert_in_range(wait_ms, cases[i].least_ms, cases[i].most_ms);
		assert_null(strstr(error_line(bench->arena, error), TOKEN));
	}
	assert_int_equal(forge_stub_count(bench->stub, "GET", 404), 0); /* of /moved/… */
}

static void what_arrived_in_a_lost_reply_is_not_posted_again(void **state)
{
	static const char *const modes[] = {"lose", "hang", "huge"};
	struct bench *bench = *state;

	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		struct status status = sample(bench);
		size_t stored = forge_stub_count(bench->stub, "POST", 201);
		uint64_t wait_ms = 0;

		status.description = arena_printf(bench->arena, "lost by %s", modes[i]);
		status.url = i == 1 ? "https://headgate.example/runs/1" : NULL;
		forge_stub_mode(bench->stub, modes[i]);
		assert_non_null(post(bench, &status, &wait_ms));
		forge_stub_mode(bench->stub, "");
		status.retried = true;
		assert_null(post(bench, &status, &wait_ms));
		assert_int_equal(forge_stub_count(bench->stub, "POST", 201), stored + 1);
	}
}

static void a_retry_looks_only_at_the_newest_of_its_context(void **state)
{
	struct bench *bench = *state;
	struct status success = sample(bench), failure = sample(bench);
	uint64_t wait_ms = 0;

	failure.state = STATUS_FAILURE;
	assert_null(post(bench, &success, &wait_ms));
	assert_null(post(bench, &failure, &wait_ms));
	success.retried = true; /* equal to an older one: that one is no longer what people see */
	assert_null(post(bench, &success, &wait_ms));
	assert_int_equal(forge_stub_count(bench->stub, "POST", 201), 3);
}

static void a_retry_that_cannot_look_posts_nothing(void **state)
{
	struct bench *bench = *state;
	struct status status = sample(bench);
	uint64_t wait_ms = 0;
	struct error *error;

	status.retried = true;
	forge_stub_mode(bench->stub, "garbage");
	error = post(bench, &status, &wait_ms);
	assert_non_null(error);
	assert_string_equal(error->row->name, "FORGE_UNREACHABLE");
	assert_int_equal(forge_stub_count(bench->stub, "POST", 201), 0);
}

static void the_credential_never_comes_back_in_an_error(void **state)
{
	struct bench *bench = *state;
	struct status status = sample(bench);
	uint64_t wait_ms = 0;
	struct error *error;

	forge_stub_mode(bench->stub, "echo");
	error = post(bench, &status, &wait_ms);
	assert_non_null(error);
	assert_string_equal(error->row->name, "FORGE_REFUSED");
	assert_null(strstr(error->why, TOKEN));
	assert_non_null(strstr(error->why, "Bearer ****"));
	assert_false(text_has_control(error->why));
}

static void a_wrong_token_is_the_credentials_fault(void **state)
{
	struct bench *bench = *state;
	struct forge *forge = open_with(bench->arena, bench->stub, "another", 0);
	struct status status = sample(bench);
	uint64_t wait_ms = 0;
	struct error *error = forge_post(forge, &status, bench->arena, &wait_ms);

	forge_close(forge);
	assert_non_null(error);
	assert_string_equal(error->row->name, "FORGE_AUTH");
	assert_non_null(strstr(error->hint, "Commit statuses: write"));
	assert_null(strstr(error_line(bench->arena, error), "another"));
}

static void a_thousand_statuses_in_one_context_are_the_end(void **state)
{
	struct bench *bench = *state;
	struct status status = sample(bench);
	uint64_t wait_ms = 0;
	struct error *error;

	for (size_t i = 0; i < 1000; i++) {
		AUTO_ARENA arena = arena_new();

		assert_null(forge_post(bench->forge, &status, arena, &wait_ms));
	}
	error = post(bench, &status, &wait_ms);
	assert_non_null(error);
	assert_string_equal(error->row->name, "FORGE_REFUSED");
	assert_non_null(strstr(error->why, "Validation Failed: This SHA and context has reached"));
}

static void only_web_links_are_sent(void **state)
{
	static const struct {
		const char *url;
		bool sent;
	} cases[] = {
		{"https://headgate.example/runs/41", true},
		{"http://10.0.0.1/runs/41", true},
		{"javascript:alert(1)", false},
		{"file:///etc/passwd", false},
		{"https://a\nb", false},
		{"", false},
	};
	struct bench *bench = *state;
	struct status status = sample(bench);
	uint64_t wait_ms = 0;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		status.url = cases[i].url;
		status.description = arena_printf(bench->arena, "case %zu", i);
		assert_null(post(bench, &status, &wait_ms));
		assert_int_equal(strstr(forge_stub_log(bench->stub, bench->arena),
		                        arena_printf(bench->arena, "\"target_url\":\"%s\"",
		                                     cases[i].url)) != NULL,
		                 cases[i].sent);
	}
}

static void what_is_no_commit_or_too_long_never_leaves_the_machine(void **state)
{
	struct bench *bench = *state;
	char context[300] = "headgate/";
	struct status status = sample(bench);
	uint64_t wait_ms = 0;
	struct error *error;

	memset(context + 9, 'x', 280);
	status.context = context;
	error = post(bench, &status, &wait_ms);
	assert_string_equal(error->row->name, "FORGE_REFUSED");
	status = sample(bench);
	status.commit = "main/../../x";
	error = post(bench, &status, &wait_ms);
	assert_string_equal(error->row->name, "FORGE_REFUSED");
	assert_string_equal(forge_stub_log(bench->stub, bench->arena), "");
}

static void nobody_listening_is_unreachable(void **state)
{
	struct bench *bench = *state;
	struct status status = sample(bench);
	uint64_t wait_ms = 0;
	struct error *error;

	forge_stub_kill(bench->stub);
	error = post(bench, &status, &wait_ms);
	assert_non_null(error);
	assert_string_equal(error->row->name, "FORGE_UNREACHABLE");
}

static void a_certificate_is_needed_and_checked(void **state)
{
	AUTO_ARENA arena = arena_new();
	struct forge_stub *stub =
		forge_stub_start(arena, &(struct forge_stub_options){.token = TOKEN, .tls = true});
	struct forge_stub blind = *stub;
	struct forge *forge = open_with(arena, stub, TOKEN, 0), *stranger;
	struct status status = sample(*state);
	struct error *error, *strange;
	uint64_t wait_ms = 0;

	error = forge_post(forge, &status, arena, &wait_ms);
	blind.ca_file = NULL;
	stranger = open_with(arena, &blind, TOKEN, 0);
	strange = forge_post(stranger, &status, arena, &wait_ms);
	forge_close(forge);
	forge_close(stranger);
	forge_stub_stop(stub);
	assert_null(error);
	assert_non_null(strange);
	assert_string_equal(strange->row->name, "FORGE_UNREACHABLE");
	assert_non_null(strstr(strange->why, "certificate"));
}

static void options_are_checked_when_it_is_opened(void **state)
{
	static const struct {
		const char *api, *repository, *token, *ca_file;
		const char *sentence;
	} cases[] = {
		{"http://github.example/api", "a/b", "t", NULL, "http to another machine"},
		{"ftp://github.example", "a/b", "t", NULL, "neither http nor https"},
		{"github.example", "a/b", "t", NULL, "no scheme"},
		{"https://user:hunter2@github.example", "a/b", "t", NULL,
	         "a password in the address"},
		{"https://github.example/?q=1", "a/b", "t", NULL, "a query"},
		{"https://github.example", "a", "t", NULL, "no owner"},
		{"https://github.example", "a/b/c", "t", NULL, "three parts"},
		{"https://github.example", "a/..", "t", NULL, "a name that walks up"},
		{"https://github.example", "../b", "t", NULL, "an owner that walks up"},
		{"https://github.example", "a/b?c", "t", NULL, "a character that ends the path"},
		{"https://github.example", "a/b", "", NULL, "an empty token"},
		{"https://github.example", "a/b", "t\r\nX: y", NULL,
	         "a token that ends its header"},
		{"https://github.example", "a/b", NULL, NULL, "no token"},
		{"https://github.example", "a/b", "t", "/nowhere/ca.pem",
	         "no such certificate file"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO_ARENA arena = arena_new();
		const char *token = cases[i].token;
		struct forge_github_options options = {
			.api = cases[i].api,
			.repository = cases[i].repository,
			.token = token ? secret_new(arena, (struct bytes){token, strlen(token)})
		                       : NULL,
			.ca_file = cases[i].ca_file,
		};
		struct forge *forge = NULL;
		struct error *error = forge_github_open(arena, &options, &forge);

		if (!error)
			fail_msg("taken: %s", cases[i].sentence);
		assert_string_equal(error->row->name, "CONFIG");
		assert_null(strstr(error_line(arena, error), "hunter2"));
		assert_null(forge);
	}
}

static void the_environment_names_no_proxy(void **state)
{
	struct bench *bench = *state;
	struct status status = sample(bench);
	uint64_t wait_ms = 0;
	struct error *error;

	assert_int_equal(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
	assert_int_equal(setenv("ALL_PROXY", "http://127.0.0.1:1", 1), 0);
	error = post(bench, &status, &wait_ms);
	(void)unsetenv("http_proxy");
	(void)unsetenv("ALL_PROXY");
	assert_null(error);
}

static void a_look_tells_rights_and_rules_apart(void **state)
{
	static const struct {
		const char *mode, *branch, *error;
		const char *said;
		enum forge_answer is_required;
	} cases[] = {
		{"", "main", NULL, "neither rulesets nor", FORGE_NO},
		{"", NULL, NULL, "no branch is known", FORGE_NOT_KNOWN},
		{"", "a b#ü?x", NULL, "neither rulesets nor", FORGE_NO},
		{"required", "main", NULL, "a ruleset", FORGE_YES},
		{"protected", "main", NULL, "protection demands it", FORGE_YES},
		{"reader", "main", "FORGE_AUTH", "lacks a right", FORGE_NOT_KNOWN},
		{"archived", "main", "FORGE_AUTH", "archived", FORGE_NOT_KNOWN},
		{"missing", "main", "FORGE_AUTH", "no such repository", FORGE_NOT_KNOWN},
		{"moved", "main", "FORGE_AUTH", "redirects are not followed", FORGE_NOT_KNOWN},
		{"down", "main", "FORGE_BUSY", "503", FORGE_NOT_KNOWN},
		{"limit 7", "main", "FORGE_BUSY", "rate limit", FORGE_NOT_KNOWN},
		{"garbage", "main", "FORGE_UNREACHABLE", "no description", FORGE_NOT_KNOWN},
	};
	struct bench *bench = *state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct forge_health health = {0};
		struct error *error;

		forge_stub_mode(bench->stub, cases[i].mode);
		error = forge_check(bench->forge, "headgate/shop", cases[i].branch, bench->arena,
		                    &health);
		print_message("'%s' %s: %s\n", cases[i].mode, cases[i].branch,
		              error ? error_line(bench->arena, error) : health.is_required_why);
		if (!cases[i].error) {
			assert_null(error);
			assert_int_equal(health.may_post, FORGE_YES);
			assert_int_equal(health.is_required, cases[i].is_required);
			assert_non_null(strstr(health.is_required_why, cases[i].said));
			continue;
		}
		assert_non_null(error);
		assert_string_equal(error->row->name, cases[i].error);
		assert_non_null(strstr(error->why, cases[i].said));
		assert_null(strstr(error_line(bench->arena, error), TOKEN));
	}
	assert_int_equal(forge_stub_count(bench->stub, "POST", 201), 0);
}

static void the_likeliest_pull_request_comes_first(void **state)
{
	static const struct {
		const char *lines;
		size_t count;
		uint64_t numbers[3];
		const char *sentence;
	} cases[] = {
		{"", 0, {0}, "none"},
		{COMMIT " 7 open " COMMIT "\n" COMMIT " 8 merged " OTHER_COMMIT "\n" COMMIT
	                " 9 merged " COMMIT,
	         3,
	         {9, 8, 7},
	         "its own merge, then merged ones, then the rest"},
		{OTHER_COMMIT " 7 merged " COMMIT, 0, {0}, "another commit's"},
		{"raw [{\"number\":5},{\"number\":5,\"merged_at\":\"2026\"}]",
	         1,
	         {5},
	         "twice the same"},
		{"raw [{\"number\":-1},{\"number\":0},{\"number\":\"7\"},{},7,null,[{\"number\":3}]]",
	         0,
	         {0},
	         "numbers that are none"},
		{"raw [{\"number\":4,\"merged_at\":null},{\"number\":6,\"merged_at\":\"2026\"}]",
	         2,
	         {6, 4},
	         "null is not merged"},
	};
	struct bench *bench = *state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct forge_pulls pulls = {0};
		struct error *error;

		print_message("         - %s\n", cases[i].sentence);
		forge_stub_pulls(bench->stub, cases[i].lines);
		error = forge_ask_pulls(bench->forge, COMMIT, bench->arena, &pulls);
		if (error)
			fail_msg("%s", error_line(bench->arena, error));
		assert_int_equal(pulls.count, cases[i].count);
		for (size_t k = 0; k < pulls.count; k++)
			assert_int_equal(pulls.items[k], cases[i].numbers[k]);
	}
}

static void an_answer_about_pull_requests_has_its_meaning(void **state)
{
	static const struct {
		const char *mode, *lines, *error, *said;
	} cases[] = {
		{"missing", "", NULL, NULL},
		{"echo", "", NULL, NULL}, /* 422 */
		{"forbid", "", "FORGE_AUTH", "Pull requests: read"},
		{"down", "", "FORGE_BUSY", "503"},
		{"limit 7", "", "FORGE_BUSY", "rate limit"},
		{"secondary", "", "FORGE_BUSY", "rate limit"},
		{"moved", "", "FORGE_AUTH", "redirects are not followed"},
		{"garbage", "", "FORGE_UNREACHABLE", ""},
		{"", "raw {\"number\":7}", "FORGE_UNREACHABLE", "is none"},
		{"hang", "", "FORGE_UNREACHABLE", ""},
	};
	struct bench *bench = *state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct forge_pulls pulls = {0};
		struct error *error;

		forge_stub_mode(bench->stub, cases[i].mode);
		forge_stub_pulls(bench->stub, cases[i].lines);
		error = forge_ask_pulls(bench->forge, COMMIT, bench->arena, &pulls);
		print_message("'%s': %s\n", cases[i].mode,
		              error ? error_line(bench->arena, error) : "none");
		assert_int_equal(pulls.count, 0);
		if (!cases[i].error) {
			assert_null(error);
			continue;
		}
		assert_non_null(error);
		assert_string_equal(error->row->name, cases[i].error);
		assert_true(strstr(error->why, cases[i].said) ||
		            strstr(error->hint, cases[i].said));
		assert_null(strstr(error_line(bench->arena, error), TOKEN));
	}
}

static void pull_requests_without_end_are_cut_off(void **state)
{
	struct bench *bench = *state;
	struct forge_pulls pulls = {0};
	char *lines = arena_alloc(bench->arena, 5 * 1024 * 1024 + 1);
	struct error *error;

	memset(lines, ' ', 5 * 1024 * 1024);
	memcpy(lines, "raw [", 5);
	lines[5 * 1024 * 1024] = '\0';
	forge_stub_pulls(bench->stub, lines);
	error = forge_ask_pulls(bench->forge, COMMIT, bench->arena, &pulls);
	assert_non_null(error);
	assert_string_equal(error->row->name, "FORGE_UNREACHABLE");
	assert_non_null(strstr(error->why, "4 MiB"));
	assert_non_null(forge_ask_pulls(bench->forge, "main/../../x", bench->arena, &pulls));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(every_answer_has_its_meaning),
		CASE(what_arrived_in_a_lost_reply_is_not_posted_again),
		CASE(a_retry_looks_only_at_the_newest_of_its_context),
		CASE(a_retry_that_cannot_look_posts_nothing),
		CASE(the_credential_never_comes_back_in_an_error),
		CASE(a_wrong_token_is_the_credentials_fault),
		CASE(a_thousand_statuses_in_one_context_are_the_end),
		CASE(only_web_links_are_sent),
		CASE(what_is_no_commit_or_too_long_never_leaves_the_machine),
		CASE(nobody_listening_is_unreachable),
		CASE(a_certificate_is_needed_and_checked),
		cmocka_unit_test(options_are_checked_when_it_is_opened),
		CASE(the_environment_names_no_proxy),
		CASE(a_look_tells_rights_and_rules_apart),
		CASE(the_likeliest_pull_request_comes_first),
		CASE(an_answer_about_pull_requests_has_its_meaning),
		CASE(pull_requests_without_end_are_cut_off),
	};

	return contract() + cmocka_run_group_tests_name("forge: github", tests, NULL, NULL);
}
