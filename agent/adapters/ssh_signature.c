/*
 * Signatures to the last byte: the kind must be one that the key makes, and the numbers as long as the key has them, so
 * that ssh-keygen is not asked about something that it would read in another way.
 */
#include "adapters/ssh_signature.h"

#define SK_TOUCHED 0x01 /* SSH_SK_USER_PRESENCE_REQD in PROTOCOL.u2f */
#define SK_PIN 0x04     /* SSH_SK_USER_VERIFICATION_REQD */

static bool type_fits(const struct ssh_key_type *type, const char *name);
static const char *parse_numbers(const struct ssh_key *key, struct bytes numbers);

const char *ssh_signature_parse(struct arena *arena, struct bytes blob, const struct ssh_key *key,
                                struct ssh_signature *ret_signature, bool *ret_supported)
{
	struct ssh_signature signature = {0};
	struct wire wire = wire_of(blob);
	struct bytes numbers;
	uint32_t counter;
	uint8_t flags = SK_TOUCHED;
	const char *why;

	*ret_supported = true;
	if (!wire_take_text(&wire, arena, &signature.type) || !wire_take_string(&wire, &numbers))
		return "the signature's inner part is cut off";
	if (!type_fits(key->type, signature.type)) {
		*ret_supported = false;
		return arena_printf(arena, "a signature of the kind '%s' by a key of the kind '%s'",
		                    text_clip(arena, signature.type, 40), key->type->name);
	}
	why = parse_numbers(key, numbers);
	if (why)
		return why;
	if (ssh_key_is_in_hardware(key)) {
		if (!wire_take_byte(&wire, &flags) || !wire_take_number(&wire, &counter))
			return "the security key's signature is cut off";
		signature.asked_a_pin = flags & SK_PIN;
	}
	if (!wire_is_empty(&wire))
		return "something stands behind the signature's inner part";
	if (!(flags & SK_TOUCHED)) {
		*ret_supported = false;
		return "the security key was not touched; a person must be there when it signs";
	}
	*ret_signature = signature;
	return NULL;
}

static bool type_fits(const struct ssh_key_type *type, const char *name)
{
	for (const char *const *fits = type->signature_types; *fits; fits++)
		if (text_equal(*fits, name))
			return true;
	return false;
}

static const char *parse_numbers(const struct ssh_key *key, struct bytes numbers)
{
	struct wire wire = wire_of(numbers);
	size_t bits;

	switch (key->type->kind) {
	case SSH_KEY_ED25519:
	case SSH_KEY_SK_ED25519:
		return numbers.size == 64 ? NULL : "an Ed25519 signature has 64 bytes";
	case SSH_KEY_RSA:
		return numbers.size == (key->rsa_bits + 7) / 8
		               ? NULL
		               : "an RSA signature is as long as its key";
	case SSH_KEY_ECDSA:
	case SSH_KEY_SK_ECDSA:
		for (int i = 0; i < 2; i++)
			if (!wire_take_integer(&wire, &bits) ||
			    bits > (key->type->point_size - 1) / 2 * 8)
				return "an ECDSA signature is two numbers below the curve's order";
		return wire_is_empty(&wire) ? NULL : "an ECDSA signature is two numbers";
	}
	return "an unknown kind of key";
}
