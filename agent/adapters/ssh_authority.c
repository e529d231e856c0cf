/*
 * From certificate to person. A certificate may name many principals, and a line may let many through; here they must
 * meet in exactly one, as one holder who is two persons would make a threshold worthless.
 */
#include "adapters/ssh_authority.h"

static const char *one_name(struct arena *arena, const struct allowed_signer *authority,
                            const struct ssh_certificate *certificate, const char **ret_reason);
static bool is_plain(const char *name);

const struct allowed_signer *ssh_authority_person(struct arena *arena,
                                                  const struct allowed_signers *signers,
                                                  const struct ssh_certificate *certificate,
                                                  const char **ret_reason)
{
	const struct allowed_signer *authority =
		allowed_signers_find(signers, &certificate->authority);
	const struct allowed_signer *holder = allowed_signers_find(signers, &certificate->key);
	struct allowed_signer *person;
	const char *name;

	if (!authority || !authority->is_authority) {
		*ret_reason = arena_printf(
			arena, "its certificate is by %s, which is no authority in the keyring",
			certificate->authority.fingerprint);
		return NULL;
	}
	name = one_name(arena, authority, certificate, ret_reason);
	if (!name)
		return NULL;
	if (holder && (holder->is_authority || !text_equal(holder->principal, name))) {
		*ret_reason = arena_printf(arena,
		                           "its certificate gives '%s' the key of '%s' in line %zu",
		                           name, holder->principal, holder->line);
		return NULL;
	}
	person = ARENA_NEW(arena, struct allowed_signer);
	*person = *authority;
	person->principal = name;
	return person;
}

static const char *one_name(struct arena *arena, const struct allowed_signer *authority,
                            const struct ssh_certificate *certificate, const char **ret_reason)
{
	const char *found = NULL;

	for (size_t i = 0; i < certificate->names.count; i++) {
		const char *name = certificate->names.items[i];

		if (!ssh_patterns_match(authority->principal, name) || text_equal(name, found))
			continue;
		if (found) {
			*ret_reason = arena_printf(
				arena,
				"its certificate is for '%s' and for '%s', and a key belongs to one person",
				text_clip(arena, found, 60), text_clip(arena, name, 60));
			return NULL;
		}
		found = name;
	}
	if (!found)
		*ret_reason = arena_printf(
			arena,
			"its certificate is for '%s', whom the authority in line %zu may not certify ('%s')",
			text_clip(arena, certificate->names.items[0], 60), authority->line,
			text_clip(arena, authority->principal, 60));
	else if (!is_plain(found))
		*ret_reason = arena_printf(
			arena, "its certificate is for '%s', which is no name of a person",
			text_clip(arena, found, 60));
	else
		return found;
	return NULL;
}

/* As a line of allowed_signers would have it: it goes into one that is made for ssh-keygen. */
static bool is_plain(const char *name)
{
	return *name && !strpbrk(name, "*?!,\" \t") && !text_has_control(name) &&
	       text_is_utf8(name, strlen(name));
}
