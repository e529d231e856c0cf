/*
 * headgate keys: the keyring for people. What a reader gets wrong: nothing is written without --write; what is shown is
 * what the same command with --write then adds.
 */
#include "base/clock.h"
#include "cli/command.h"
#include "cli/key_roles.h"
#include "cli/terminal.h"
#include "engine/keys.h"

#define YEAR_9999 253402300799 /* its last second */
#define OPERANDS "list | check [FILE] | import | revoke WHOM | expire PERSON"

static struct error *list_keys(struct invocation *invocation, int *ret_status);
static struct error *check_files(struct invocation *invocation, int *ret_status);
static struct error *import_keys(struct invocation *invocation, int *ret_status);
static struct error *revoke_keys(struct invocation *invocation, int *ret_status);
static struct error *expire_keys(struct invocation *invocation, int *ret_status);

static const struct action {
	const char *name;
	size_t minimum, maximum;    /* operands behind its name */
	const char *const *options; /* that it takes; ends with NULL */
	struct error *(*perform)(struct invocation *invocation, int *ret_status);
	const char *usage; /* what to write */
} actions[] = {
	{"list", 0, 0, (const char *const[]){NULL}, list_keys, "headgate keys list"},
	{"check", 0, 1, (const char *const[]){NULL}, check_files, "headgate keys check [FILE]"},
	{"import", 0, 0,
         (const char *const[]){"ssh", "github-json", "openpgp", "principal", "valid-before",
                               "write", NULL},
         import_keys, "headgate keys import --ssh FILE --principal ada@example.org"},
	{"revoke", 1, 1, (const char *const[]){"reason", "write", NULL}, revoke_keys,
         "headgate keys revoke ada@example.org, or a fingerprint SHA256:…"},
	{"expire", 1, 1, (const char *const[]){"on", "write", NULL}, expire_keys,
         "headgate keys expire ada@example.org --on 2026-12-31"},
};

#define ACTION_COUNT (sizeof actions / sizeof *actions)

static size_t count_files(const struct invocation *invocation);
static struct error *check_words(struct invocation *invocation);
static const struct action *find_action(const char *name);
static struct error *check_options(struct invocation *invocation, const struct action *action);
static const char *state_of(const struct keyring_key *key, int64_t now);
static bool is_time(int64_t seconds);
static const char *validity(struct arena *arena, int64_t after, int64_t before);
static void print_key(const struct invocation *invocation, const struct keyring_key *key,
                      int64_t now);
static struct node *key_node(const struct invocation *invocation, const struct keyring_key *key,
                             int64_t now);
static void set_time(struct arena *arena, struct node *node, const char *name, int64_t seconds);
static void print_report(struct invocation *invocation, const struct keys_report *report,
                         const char *noun);
static const char *counted(struct arena *arena, const struct key_entries *entries,
                           const char *noun);
static struct node *report_node(struct arena *arena, const struct keys_report *report);
static struct error *end_change(struct invocation *invocation, const struct keys_change *change,
                                const char *verb, const char *explanation);
static void print_change(struct invocation *invocation, const struct keys_change *change,
                         const char *verb, bool written);
static struct node *change_node(struct arena *arena, const struct keys_change *change,
                                bool written);

static struct error *perform(struct invocation *invocation, int *ret_status)
{
	return find_action(invocation->operands.items[0])->perform(invocation, ret_status);
}

static struct error *check(struct invocation *invocation)
{
	const struct action *action;

	TRY(check_words(invocation));
	action = find_action(invocation->operands.items[0]);
	TRY(check_options(invocation, action));
	if (action->perform == import_keys &&
	    (count_files(invocation) != 1 || !invocation_option(invocation, "principal")))
		return FAIL(
			invocation->arena, USAGE,
			.what = "headgate keys import needs one file, and whose keys they are",
			.hint = "Write --principal NAME, and --ssh FILE, --openpgp FILE or --github-json FILE.");
	if (invocation_option(invocation, "openpgp") &&
	    invocation_option(invocation, "valid-before"))
		return FAIL(
			invocation->arena, USAGE, .what = "'--valid-before' is for SSH keys alone",
			.why = "an OpenPGP key says itself when it ends",
			.hint = "Leave it out; the owner sets an end by gpg --quick-set-expire, and hands the key out anew.");
	if (action->perform == expire_keys && !invocation_option(invocation, "on"))
		return FAIL(invocation->arena, USAGE, .what = "headgate keys expire needs a day",
		            .hint = "Write for instance --on 2026-12-31; it begins at 0:00 UTC.");
	return NULL;
}

static size_t count_files(const struct invocation *invocation)
{
	return (size_t) !!invocation_option(invocation, "ssh") +
	       (size_t) !!invocation_option(invocation, "github-json") +
	       (size_t) !!invocation_option(invocation, "openpgp");
}

static struct error *check_words(struct invocation *invocation)
{
	const struct text_list *words = &invocation->operands;
	const struct action *action = find_action(words->items[0]);
	const char *known[ACTION_COUNT], *nearest;

	if (action && words->count - 1 >= action->minimum && words->count - 1 <= action->maximum)
		return NULL;
	if (action)
		return FAIL(invocation->arena, USAGE,
		            .what = arena_printf(invocation->arena, "headgate keys %s %s",
		                                 action->name,
		                                 action->minimum ? "needs one name"
		                                                 : "does not take that many words"),
		            .hint = arena_printf(invocation->arena, "Write %s.", action->usage));
	for (size_t i = 0; i < ACTION_COUNT; i++)
		known[i] = actions[i].name;
	nearest = text_nearest(words->items[0], known, ACTION_COUNT);
	return FAIL(
		invocation->arena, USAGE,
		.what = arena_printf(invocation->arena, "headgate keys cannot '%s'",
	                             words->items[0]),
		.hint = nearest ? arena_printf(invocation->arena, "Did you mean headgate keys %s?",
	                                       nearest)
	                        : "Write headgate keys with list, check, import, revoke or expire.");
}

static const struct action *find_action(const char *name)
{
	for (size_t i = 0; i < ACTION_COUNT; i++)
		if (text_equal(actions[i].name, name))
			return &actions[i];
	return NULL;
}

static struct error *check_options(struct invocation *invocation, const struct action *action)
{
	for (const struct option *option = invocation->command->options; option->name; option++) {
		const char *const *known = action->options;

		while (*known && !text_equal(*known, option->name))
			known++;
		if (*known || !invocation_option(invocation, option->name))
			continue;
		return FAIL(invocation->arena, USAGE,
		            .what = arena_printf(invocation->arena,
		                                 "headgate keys %s does not take '--%s'",
		                                 action->name, option->name),
		            .hint = arena_printf(invocation->arena, "Write %s.", action->usage));
	}
	return NULL;
}

static struct error *list_keys(struct invocation *invocation, int *ret_status)
{
	struct arena *arena = invocation->arena;
	struct node *list = node_list(arena);
	struct keyring *keyring = NULL;
	struct keyring_keys keys = {0};
	const int64_t now = clock_wall();
	struct error *error;

	(void)ret_status;
	TRY(invocation_load(invocation));
	if (!invocation->config.keys.allowed_signers && !invocation->config.keys.openpgp)
		return FAIL(
			arena, CONFIG, .what = "no keyring is configured",
			.why = "keys.allowed_signers is not set in the configuration",
			.hint = "Write keys: {allowed_signers: FILE}; the format is that of ssh-keygen(1), ALLOWED SIGNERS.");
	TRY(invocation->registry->open_keyring(arena, &invocation->config, &keyring));
	error = keyring_list(keyring, arena, &keys);
	keyring_close(keyring);
	TRY(error);
	for (size_t i = 0; i < keys.count; i++)
		if (invocation->json)
			node_add(list, key_node(invocation, &keys.items[i], now));
		else
			print_key(invocation, &keys.items[i], now);
	if (invocation->json)
		terminal_json(arena, list);
	return NULL;
}

static void print_key(const struct invocation *invocation, const struct keyring_key *key,
                      int64_t now)
{
	struct arena *arena = invocation->arena;
	struct text_list roles = {0};
	const char *state = state_of(key, now);

	terminal_print(COLOUR_STRONG, "%s", key->principal);
	terminal_print(COLOUR_NONE, "  %s%s%s\n", key->kind ? key->kind : "", key->kind ? " " : "",
	               key->fingerprint);
	terminal_field(text_equal(state, "valid") ? COLOUR_GOOD : COLOUR_CARE, state,
	               validity(arena, key->valid_after, key->valid_before));
	if (key->authority)
		terminal_field(COLOUR_NONE, "signs",
		               "certificates of persons who are called so, and nothing else");
	if (key->file)
		terminal_field(COLOUR_NONE, "from",
		               key->line ? arena_printf(arena, "%s:%zu", key->file, key->line)
		                         : key->file);
	if (key->authority)
		return; /* its principal is patterns, and no person has a role by a pattern */
	key_roles_lines(arena, &invocation->config, key->principal, &roles);
	for (size_t i = 0; i < roles.count; i++)
		terminal_field(COLOUR_NONE, i ? "" : "may", roles.items[i]);
}

static const char *state_of(const struct keyring_key *key, int64_t now)
{
	if (key->revoked)
		return "revoked";
	if (now < key->valid_after)
		return "not yet";
	return now > key->valid_before ? "expired" : "valid";
}

static const char *validity(struct arena *arena, int64_t after, int64_t before)
{
	const char *from = is_time(after) ? clock_human(arena, after * 1000000) : NULL;
	const char *until = is_time(before) ? clock_human(arena, before * 1000000) : NULL;

	if (before == INT64_MIN)
		return "it counts for nothing";
	if (!from && !until)
		return "without an end";
	return arena_printf(arena, "%s%s%s%s%s", from ? "from " : "", from ? from : "",
	                    from && until ? " " : "", until ? "until " : "", until ? until : "");
}

/* Beyond it a limit is none, whoever wrote it. */
static bool is_time(int64_t seconds)
{
	return seconds >= 0 && seconds <= YEAR_9999;
}

static struct node *key_node(const struct invocation *invocation, const struct keyring_key *key,
                             int64_t now)
{
	struct arena *arena = invocation->arena;
	struct node *node = node_map(arena);

	node_set_text(arena, node, "principal", key->principal);
	node_set_text(arena, node, "kind", key->kind);
	node_set_text(arena, node, "fingerprint", key->fingerprint);
	node_set_text(arena, node, "state", state_of(key, now));
	set_time(arena, node, "valid_after", key->valid_after);
	set_time(arena, node, "valid_before", key->valid_before);
	node_set_bool(arena, node, "revoked", key->revoked);
	node_set_bool(arena, node, "authority", key->authority);
	node_set_text(arena, node, "file", key->file);
	if (key->line)
		node_set_number(arena, node, "line", (int64_t)key->line);
	if (!key->authority)
		node_set(arena, node, "roles",
		         key_roles_node(arena, &invocation->config, key->principal));
	return node;
}

static void set_time(struct arena *arena, struct node *node, const char *name, int64_t seconds)
{
	node_set_text(arena, node, name,
	              is_time(seconds) ? clock_iso(arena, seconds * 1000000) : NULL);
}

/* With a file nothing else is needed, so that it can be checked before it is installed. */
static struct error *check_files(struct invocation *invocation, int *ret_status)
{
	struct arena *arena = invocation->arena;
	const struct key_files *files = invocation->registry->key_files;
	const char *path = invocation->operands.count > 1 ? invocation->operands.items[1] : NULL;
	struct keys_report reports[2];
	size_t count = 0;
	struct node *list = node_list(arena);

	if (!path) {
		TRY(invocation_load(invocation));
		path = invocation->config.keys.allowed_signers;
		if (!path)
			return FAIL(arena, CONFIG, .what = "no keyring is configured",
			            .why = "keys.allowed_signers is not set in the configuration",
			            .hint = "Write keys: {allowed_signers: FILE}, or name a file: "
			                    "headgate keys check FILE");
	}
	reports[count++] = keys_check_signers(files, path, arena);
	if (invocation->config.keys.revoked)
		reports[count++] =
			keys_check_revoked(files, invocation->config.keys.revoked, arena);
	for (size_t i = 0; i < count; i++) {
		if (reports[i].problems.count)
			*ret_status = error_rows()[ERR_KEYRING].exit_status;
		if (invocation->json)
			node_add(list, report_node(arena, &reports[i]));
		else
			print_report(invocation, &reports[i], i ? "revoked key" : "key");
	}
	if (invocation->json)
		terminal_json(arena, list);
	return NULL;
}

static void print_report(struct invocation *invocation, const struct keys_report *report,
                         const char *noun)
{
	struct arena *arena = invocation->arena;

	terminal_print(COLOUR_STRONG, "%s\n", report->path);
	for (size_t i = 0; i < report->problems.count; i++) {
		const struct error *error = report->problems.items[i].error;

		terminal_field(
			COLOUR_BAD,
			report->problems.items[i].line
				? arena_printf(arena, "line %zu", report->problems.items[i].line)
				: "file",
			error->why ? error->why : error->what);
		terminal_field(COLOUR_NONE, "mend", error->hint);
	}
	if (report->problems.count)
		terminal_field(COLOUR_BAD, "refused",
		               report->problems.count < KEY_PROBLEMS_MAXIMUM
		                       ? "as long as one is left, nothing is accepted (V008)"
		                       : "there may be more; these come first (V008)");
	else if (report->binary)
		terminal_field(COLOUR_GOOD, "fine",
		               arena_printf(arena, "a KRL; what it holds: ssh-keygen -Q -l -f '%s'",
		                            report->path));
	else
		terminal_field(COLOUR_GOOD, "fine", counted(arena, &report->entries, noun));
}

static const char *counted(struct arena *arena, const struct key_entries *entries, const char *noun)
{
	const char *all = text_plural(arena, entries->count, noun);
	size_t authorities = 0;

	for (size_t i = 0; i < entries->count; i++)
		authorities += entries->items[i].authority;
	return authorities ? arena_printf(arena, "%s, %zu of %s", all, authorities,
	                                  authorities == 1 ? "an authority" : "authorities")
	                   : all;
}

static struct node *report_node(struct arena *arena, const struct keys_report *report)
{
	struct node *node = node_map(arena), *list;

	node_set_text(arena, node, "file", report->path);
	node_set_bool(arena, node, "fine", !report->problems.count);
	node_set_number(arena, node, "keys", (int64_t)report->entries.count);
	list = node_set(arena, node, "problems", node_list(arena));
	for (size_t i = 0; i < report->problems.count; i++) {
		struct node *row = node_add(list, node_map(arena));

		node_set_number(arena, row, "line", (int64_t)report->problems.items[i].line);
		node_set_text(arena, row, "what", report->problems.items[i].error->what);
		node_set_text(arena, row, "why", report->problems.items[i].error->why);
		node_set_text(arena, row, "mend", report->problems.items[i].error->hint);
	}
	return node;
}

static struct error *import_keys(struct invocation *invocation, int *ret_status)
{
	const char *ssh = invocation_option(invocation, "ssh");
	const char *openpgp = invocation_option(invocation, "openpgp");
	const struct keys_offer offer = {
		.path = ssh       ? ssh
	                : openpgp ? openpgp
	                          : invocation_option(invocation, "github-json"),
		.source = ssh ? KEYS_OF_PUBLIC_FILE : KEYS_OF_GITHUB,
		.principal = invocation_option(invocation, "principal"),
		.valid_before = invocation_option(invocation, "valid-before"),
	};
	struct keys_change change;

	(void)ret_status;
	TRY(invocation_load(invocation));
	TRY((openpgp ? keys_import_openpgp : keys_import)(&invocation->engine, &offer,
	                                                  invocation->arena, &change));
	return end_change(
		invocation, &change, "add",
		arena_printf(invocation->arena,
	                     "Is the key theirs? Let the person read the fingerprint to you, "
	                     "over another way than the file came: %s",
	                     openpgp ? "gpg --fingerprint"
	                             : "ssh-keygen -lf ~/.ssh/id_ed25519.pub"));
}

static struct error *revoke_keys(struct invocation *invocation, int *ret_status)
{
	struct keys_change change;

	(void)ret_status;
	TRY(invocation_load(invocation));
	TRY(keys_revoke(&invocation->engine, invocation->operands.items[1],
	                invocation_option(invocation, "reason"), invocation->arena, &change));
	return end_change(
		invocation, &change, "revoke",
		"A revoked key is for one that others may have: whatever it signed and is still pending is "
		"refused, too. Who only leaves gets an end, and what they signed before it passes: "
		"headgate keys expire PERSON --on DAY");
}

static struct error *expire_keys(struct invocation *invocation, int *ret_status)
{
	struct keys_change change;

	(void)ret_status;
	TRY(invocation_load(invocation));
	TRY(keys_expire(&invocation->engine, invocation->operands.items[1],
	                invocation_option(invocation, "on"), invocation->arena, &change));
	return end_change(
		invocation, &change, "end",
		"What the agent sees on the branch before the end passes, also later; what it sees first "
		"afterwards is refused. A key that others may have is revoked instead: headgate keys revoke PERSON");
}

static struct error *end_change(struct invocation *invocation, const struct keys_change *change,
                                const char *verb, const char *explanation)
{
	const bool writes = invocation_option(invocation, "write");

	if (writes)
		TRY(keys_write(change, invocation->arena));
	if (invocation->json) {
		terminal_json(invocation->arena, change_node(invocation->arena, change, writes));
		return NULL;
	}
	print_change(invocation, change, verb, writes);
	if (!change->changed)
		return NULL;
	terminal_print(COLOUR_NONE, "\n");
	terminal_field(COLOUR_NONE, "note", explanation);
	terminal_field(COLOUR_NONE, "next",
	               writes ? "headgate keys list; a running agent notices by itself"
	                      : "nothing is written yet: type the same command with --write");
	return NULL;
}

static void print_change(struct invocation *invocation, const struct keys_change *change,
                         const char *verb, bool written)
{
	struct arena *arena = invocation->arena;

	terminal_print(COLOUR_STRONG, "%s\n", change->path);
	for (size_t i = 0; i < change->decisions.count; i++) {
		const struct key_decision *decision = &change->decisions.items[i];
		const struct key_entry *key = &decision->key;
		const char *words = arena_printf(
			arena, "%s %s%s%s%s", key->kind, key->fingerprint ? key->fingerprint : "",
			key->note ? " (" : "", key->note ? key->note : "", key->note ? ")" : "");

		switch (decision->fate) {
		case KEY_CHANGES:
			terminal_field(COLOUR_GOOD, written ? "did" : "would",
			               arena_printf(arena, "%s %s%s%s", verb, words,
			                            decision->line ? "" : ", valid ",
			                            decision->line
			                                    ? ""
			                                    : validity(arena, key->valid_after,
			                                               key->valid_before)));
			if (decision->line)
				terminal_print(COLOUR_FAINT, "    %s\n", decision->line);
			break;
		case KEY_STAYS:
			terminal_field(COLOUR_NONE, "as it is",
			               arena_printf(arena, "%s: %s", words, decision->why));
			break;
		case KEY_REFUSED:
			terminal_field(COLOUR_CARE, "left out",
			               arena_printf(arena, "%s: %s", words, decision->why));
			break;
		}
	}
}

static struct node *change_node(struct arena *arena, const struct keys_change *change, bool written)
{
	static const char *const fates[] = {
		[KEY_CHANGES] = "changes", [KEY_STAYS] = "stays", [KEY_REFUSED] = "refused"};
	struct node *node = node_map(arena), *list;

	node_set_text(arena, node, "file", change->path);
	node_set_bool(arena, node, "written", written && change->changed);
	list = node_set(arena, node, "keys", node_list(arena));
	for (size_t i = 0; i < change->decisions.count; i++) {
		const struct key_decision *decision = &change->decisions.items[i];
		struct node *row = node_add(list, node_map(arena));

		node_set_text(arena, row, "fate", fates[decision->fate]);
		node_set_text(arena, row, "kind", decision->key.kind);
		node_set_text(arena, row, "fingerprint", decision->key.fingerprint);
		node_set_text(arena, row, "note", decision->key.note);
		node_set_text(arena, row, "why", decision->why);
		node_set_text(arena, row, "line", decision->line);
		if (decision->fate == KEY_CHANGES && !decision->line)
			set_time(arena, row, "valid_before", decision->key.valid_before);
	}
	return node;
}

static const struct option options[] = {
	{"ssh", "FILE", "import: public keys of the person, as in id_ed25519.pub"},
	{"openpgp", "FILE", "import: the person's OpenPGP keys, by gpg --armor --export"},
	{"github-json", "FILE",
         "import: GitHub's answer to /users/NAME/ssh_signing_keys, saved to a file"},
	{"principal", "NAME", "import: whose keys they are, such as ada@example.org"},
	{"valid-before", "DAY", "import: when they end, such as 2026-12-31"},
	{"on", "DAY", "expire: when the person's keys end, such as 2026-12-31"},
	{"reason", "TEXT", "revoke: kept beside the key; one line"},
	{"write", NULL, "write what is shown otherwise"},
	{NULL, NULL, NULL},
};

const struct command cmd_keys = {
	.name = "keys",
	.sentence = "who may sign: list, check, take over, revoke and end keys",
	.operands = OPERANDS,
	.operands_minimum = 1,
	.operands_maximum = 2,
	.options = options,
	.check = check,
	.perform = perform,
	.description =
		"list shows the keys of the configured keyring; check reads a file of signers as strictly as the agent, "
		"and names every line that is wrong. import takes keys over from a person's .pub file, from an OpenPGP key in ASCII armor, or from what GitHub "
		"publishes, revoke adds keys to the list of revoked ones, expire gives a leaver's keys an end. These "
		"three only show what they would write, until --write is given.",
	.example = "headgate keys import --ssh ada.pub --principal ada@example.org --write",
};
