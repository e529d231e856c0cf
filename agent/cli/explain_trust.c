/*
 * headgate explain trust: for each target how its policy trusts, and whom. What a reader gets wrong: it tells who may
 * sign now; a commit that was first seen earlier is judged by the keys as they were valid then.
 */
#include "cli/explain_trust.h"

#include "base/clock.h"
#include "cli/terminal.h"
#include "policy/roles.h"

static const struct trust_words {
	const char *name, *rule, *passes, *refused;
	bool needs_people;
} words[] = {
	[TRUST_ALL] =
		{"all",
                 "every commit that changes the migrations folder, against any of its parents, is signed by a "
                 "person of the keyring",
                 "what the people below sign: migrations, reverts, ticks, and the merge itself (git merge -S)",
                 "the commits of the buttons Merge, Squash, Rebase and Revert; unsigned ones; keys that are "
                 "revoked now, or were not valid when the commit was first seen",
                 true},
	[TRUST_SIGNED] =
		{"signed",
                 "every change of the migrations folder is vouched for by a person of the keyring who set "
                 "it, through whatever button it was merged",
                 "a step that a person signed or approved by a tag, and a merge, squash or rebase of commits that "
                 "a person signed, when it brings them whole and as they stand on a branch or pull request that "
                 "is newer than what was deployed",
                 "changes that only a forge, an unknown key or nobody signed, a revert by the button among "
                 "them; any bad signature; keys that are revoked now, or were not valid when the commit was "
                 "first seen",
                 true},
	[TRUST_TAG] =
		{"tag",
                 "approval tags of persons of the keyring cover every change of the migrations folder",
                 "a step that bears such tags, and all that stands before it on the branch",
                 "a step with a bad signature; what no tag covers yet is not refused, it waits",
                 true},
	[TRUST_BRANCH] = {"branch",
                          "nothing is verified: the forge's protection of the branch is the gate",
                          "what anybody pushes to the branch", "nothing, for want of a signature",
                          false},
};

static const char *const identity_names[] = {
	[IDENTITY_ANY] = "any", [IDENTITY_COMMITTER] = "committer", [IDENTITY_AUTHOR] = "author"};

#define WORDS_COUNT (sizeof words / sizeof *words)

static const struct trust_words *words_of(const struct target *target);
static struct error *list_people(struct invocation *invocation, struct keyring_keys *ret_keys);
static bool counts_persons(const struct policy *policy);
static const char *needs_text(struct arena *arena, const struct policy *policy);
static void print_roles(struct arena *arena, const struct policy *policy);
static const char *powers_text(struct arena *arena, unsigned may);
static struct node *roles_node(struct arena *arena, const struct roles *roles);
static struct node *texts_node(struct arena *arena, const struct text_list *texts);
static const char *people_text(struct arena *arena, const struct keyring_keys *keys);
static bool is_valid(const struct keyring_key *key);
static bool stood_before(const struct keyring_keys *keys, size_t number);
static struct node *trust_node(struct arena *arena, const struct target *target,
                               const struct keyring_keys *keys);
static void print_trust(struct arena *arena, const struct target *target,
                        const struct keyring_keys *keys);

struct error *explain_trust(struct invocation *invocation)
{
	struct arena *arena = invocation->arena;
	const struct target *targets = NULL;
	struct keyring_keys keys = {0};
	struct node *list = node_list(arena);
	size_t count;

	TRY(invocation_load(invocation));
	count = invocation_targets(invocation, &targets);
	TRY(list_people(invocation, &keys));
	for (size_t i = 0; i < count; i++)
		if (invocation->json)
			node_add(list, trust_node(arena, &targets[i], &keys));
		else
			print_trust(arena, &targets[i], &keys);
	if (invocation->json)
		terminal_json(arena, list);
	return NULL;
}

static struct error *list_people(struct invocation *invocation, struct keyring_keys *ret_keys)
{
	struct keyring *keyring = NULL;
	struct error *error;

	if (!invocation->config.keys.allowed_signers && !invocation->config.keys.openpgp)
		return NULL;
	TRY(invocation->registry->open_keyring(invocation->arena, &invocation->config, &keyring));
	error = keyring_list(keyring, invocation->arena, ret_keys);
	keyring_close(keyring);
	return error;
}

static const struct trust_words *words_of(const struct target *target)
{
	const size_t trust = (size_t)target->policy->trust;

	if (trust >= WORDS_COUNT || !words[trust].name)
		BUG("no words for the trust %zu", trust);
	return &words[trust];
}

static void print_trust(struct arena *arena, const struct target *target,
                        const struct keyring_keys *keys)
{
	const struct trust_words *trust = words_of(target);

	terminal_print(COLOUR_STRONG, "%s", target->name);
	terminal_print(COLOUR_FAINT, "  %s, %s\n",
	               target->branch ? target->branch : "the default branch", target->migrations);
	terminal_field(COLOUR_NONE, "trust",
	               arena_printf(arena, "%s: %s", trust->name, trust->rule));
	terminal_field(COLOUR_GOOD, "passes", trust->passes);
	terminal_field(COLOUR_BAD, "refused", trust->refused);
	if (trust->needs_people)
		terminal_field(COLOUR_NONE, "people", people_text(arena, keys));
	if (counts_persons(target->policy))
		terminal_field(COLOUR_NONE, "needs", needs_text(arena, target->policy));
	if (trust->needs_people)
		print_roles(arena, target->policy);
	terminal_field(COLOUR_NONE, "policy", target->policy->path);
	terminal_print(COLOUR_NONE, "\n");
}

static bool counts_persons(const struct policy *policy)
{
	return policy->trust == TRUST_SIGNED || policy->trust == TRUST_TAG;
}

static const char *needs_text(struct arena *arena, const struct policy *policy)
{
	const char *age =
		policy->max_signature_age
			? arena_printf(arena, "; a signature older than %s counts no more",
	                               text_duration(arena, policy->max_signature_age))
			: "";

	if (policy->trust == TRUST_TAG)
		return arena_printf(arena, "the tags of %s%s",
		                    text_plural(arena, policy->threshold, "person"), age);
	if (policy->threshold <= 1)
		return arena_printf(arena, "1 person for each change, so signing is releasing%s",
		                    age);
	return arena_printf(arena,
	                    "%llu people for each change, one of whom set none of its files%s",
	                    (unsigned long long)policy->threshold, age);
}

static void print_roles(struct arena *arena, const struct policy *policy)
{
	if (policy->identity != IDENTITY_ANY)
		terminal_field(COLOUR_NONE, "identity",
		               arena_printf(arena,
		                            "the signer's name must be the e-mail address of the "
		                            "commit's %s (of a tag: of its tagger)",
		                            identity_names[policy->identity]));
	if (!policy->roles.count)
		terminal_field(
			COLOUR_NONE, "roles",
			"none: each of these may deploy and roll back, and nobody may override");
	for (size_t i = 0; i < policy->roles.count; i++) {
		const struct role *role = &policy->roles.items[i];

		terminal_field(COLOUR_NONE, i ? "" : "roles",
		               arena_printf(arena, "%s: %s may %s: %s", role->name,
		                            text_join(arena, &role->persons, ", "),
		                            powers_text(arena, role->may),
		                            role->paths.count ? text_join(arena, &role->paths, ", ")
		                                              : "all that no other names"));
	}
}

/* "deploy, rollback" */
static const char *powers_text(struct arena *arena, unsigned may)
{
	struct text text = TEXT_IN(arena);

	for (size_t i = 0; role_powers[i]; i++)
		if (may & 1u << i)
			text_printf(&text, "%s%s", text.size ? ", " : "", role_powers[i]);
	return text_get(&text);
}

/* People are counted, keys are not. */
static const char *people_text(struct arena *arena, const struct keyring_keys *keys)
{
	struct text_list names = {0};

	for (size_t i = 0; i < keys->count; i++)
		if (is_valid(&keys->items[i]) && !stood_before(keys, i))
			*LIST_ADD(arena, &names) =
				keys->items[i].authority
					? arena_printf(arena, "%s with a certificate",
			                               keys->items[i].principal)
					: keys->items[i].principal;
	return names.count ? text_join(arena, &names, ", ")
	                   : "nobody: no key is valid now (headgate keys list)";
}

static bool is_valid(const struct keyring_key *key)
{
	const int64_t now = clock_wall();

	return !key->revoked && now >= key->valid_after && now <= key->valid_before;
}

static bool stood_before(const struct keyring_keys *keys, size_t number)
{
	for (size_t i = 0; i < number; i++)
		if (is_valid(&keys->items[i]) &&
		    keys->items[i].authority == keys->items[number].authority &&
		    text_equal(keys->items[i].principal, keys->items[number].principal))
			return true;
	return false;
}

static struct node *roles_node(struct arena *arena, const struct roles *roles)
{
	struct node *list = node_list(arena);

	for (size_t i = 0; i < roles->count; i++) {
		const struct role *role = &roles->items[i];
		struct node *node = node_add(list, node_map(arena)), *may;

		node_set_text(arena, node, "role", role->name);
		node_set(arena, node, "persons", texts_node(arena, &role->persons));
		may = node_set(arena, node, "may", node_list(arena));
		for (size_t k = 0; role_powers[k]; k++)
			if (role->may & 1u << k)
				node_add(may, node_text(arena, role_powers[k]));
		node_set(arena, node, "paths", texts_node(arena, &role->paths));
	}
	return list;
}

static struct node *texts_node(struct arena *arena, const struct text_list *texts)
{
	struct node *list = node_list(arena);

	for (size_t i = 0; i < texts->count; i++)
		node_add(list, node_text(arena, texts->items[i]));
	return list;
}

static struct node *trust_node(struct arena *arena, const struct target *target,
                               const struct keyring_keys *keys)
{
	const struct trust_words *trust = words_of(target);
	struct node *node = node_map(arena), *people, *authorities;

	node_set_text(arena, node, "target", target->name);
	node_set_text(arena, node, "trust", trust->name);
	node_set_text(arena, node, "rule", trust->rule);
	node_set_text(arena, node, "passes", trust->passes);
	node_set_text(arena, node, "refused", trust->refused);
	people = node_set(arena, node, "people", node_list(arena));
	authorities = node_set(arena, node, "authorities", node_list(arena));
	for (size_t i = 0; trust->needs_people && i < keys->count; i++)
		if (is_valid(&keys->items[i]) && !stood_before(keys, i))
			node_add(keys->items[i].authority ? authorities : people,
			         node_text(arena, keys->items[i].principal));
	if (counts_persons(target->policy))
		node_set_number(arena, node, "threshold", (int64_t)target->policy->threshold);
	node_set_text(arena, node, "identity", identity_names[target->policy->identity]);
	node_set(arena, node, "roles", roles_node(arena, &target->policy->roles));
	node_set_text(arena, node, "policy", target->policy->path);
	return node;
}
