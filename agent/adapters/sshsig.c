/*
 * The strict reading of an SSHSIG blob. Every answer starts as "malformed". The format leaves freedom in three places
 * (line width of the armor, a reserved field, what may follow); all three are closed here, because ssh-keygen ignores
 * what it does not look at.
 */
#include "adapters/sshsig.h"

#define ARMOR_BEGIN "-----BEGIN SSH SIGNATURE-----\n"
#define ARMOR_END "-----END SSH SIGNATURE-----\n"
#define ARMOR_WIDTH_MAXIMUM 76
#define SK_TOUCHED 0x01 /* SSH_SK_USER_PRESENCE_REQD in PROTOCOL.u2f */

struct judgement {
	enum verdict_kind kind;
	const char *reason;
};

#define PASSED ((struct judgement){VERDICT_GOOD, NULL})
#define MALFORMED(text) ((struct judgement){VERDICT_MALFORMED, (text)})
#define UNSUPPORTED(text) ((struct judgement){VERDICT_UNSUPPORTED, (text)})

static struct judgement parse_blob(struct arena *arena, struct bytes blob, struct sshsig *sshsig);
static struct judgement parse_signature(struct arena *arena, struct bytes signature,
                                        struct sshsig *sshsig);
static bool signature_type_fits(const struct ssh_key_type *type, const char *name);
static struct judgement parse_numbers(const struct ssh_key_type *type, struct bytes numbers,
                                      size_t rsa_bits);
static bool dearmor(struct arena *arena, struct bytes armor, struct bytes *ret_blob);

enum verdict_kind sshsig_parse(struct arena *arena, struct bytes armor, struct sshsig *ret_sshsig,
                               const char **ret_reason)
{
	struct judgement judgement =
		MALFORMED("the signature's armor is not base64 in lines of one width");
	struct sshsig sshsig = {0};
	struct bytes blob;

	if (dearmor(arena, armor, &blob))
		judgement = parse_blob(arena, blob, &sshsig);
	if (judgement.kind == VERDICT_GOOD)
		*ret_sshsig = sshsig;
	*ret_reason = judgement.reason;
	return judgement.kind;
}

static struct judgement parse_blob(struct arena *arena, struct bytes blob, struct sshsig *sshsig)
{
	struct wire wire = wire_of(blob);
	struct bytes key, reserved, signature;
	uint32_t version;
	bool supported;
	const char *why;

	if (blob.size < 6 || memcmp(blob.data, "SSHSIG", 6) != 0)
		return MALFORMED("the signature does not begin with SSHSIG");
	wire.at += 6;
	if (!wire_take_number(&wire, &version))
		return MALFORMED("the signature is cut off");
	if (version != 1)
		return UNSUPPORTED(arena_printf(
			arena, "the signature has version %u, only 1 is known", version));
	if (!wire_take_string(&wire, &key) || !wire_take_text(&wire, arena, &sshsig->name_space) ||
	    !wire_take_string(&wire, &reserved) || !wire_take_text(&wire, arena, &sshsig->hash) ||
	    !wire_take_string(&wire, &signature))
		return MALFORMED("the signature is cut off");
	if (!wire_is_empty(&wire))
		return MALFORMED("something stands behind the signature");
	if (reserved.size != 0)
		return MALFORMED("the signature's reserved field is not empty");
	if (!text_equal(sshsig->hash, "sha512") && !text_equal(sshsig->hash, "sha256"))
		return UNSUPPORTED(arena_printf(arena,
		                                "the signature is over a digest of the kind '%s'",
		                                text_clip(arena, sshsig->hash, 40)));
	why = ssh_key_parse(arena, key, &sshsig->key, &supported);
	if (why)
		return supported ? MALFORMED(why) : UNSUPPORTED(why);
	if (!text_equal(sshsig->name_space, "git"))
		return (struct judgement){
			VERDICT_BAD,
			arena_printf(arena, "the signature was made for '%s', not for git",
		                     text_clip(arena, sshsig->name_space, 40))};
	return parse_signature(arena, signature, sshsig);
}

static struct judgement parse_signature(struct arena *arena, struct bytes signature,
                                        struct sshsig *sshsig)
{
	const struct ssh_key_type *type = sshsig->key.type;
	struct wire wire = wire_of(signature);
	struct judgement judgement;
	struct bytes numbers;
	uint8_t flags = SK_TOUCHED;
	uint32_t counter;

	if (!wire_take_text(&wire, arena, &sshsig->signature_type) ||
	    !wire_take_string(&wire, &numbers))
		return MALFORMED("the signature's inner part is cut off");
	if (!signature_type_fits(type, sshsig->signature_type))
		return UNSUPPORTED(arena_printf(
			arena, "a signature of the kind '%s' by a key of the kind '%s'",
			text_clip(arena, sshsig->signature_type, 40), type->name));
	judgement = parse_numbers(type, numbers, sshsig->key.rsa_bits);
	if (judgement.kind != VERDICT_GOOD)
		return judgement;
	if (type->kind == SSH_KEY_SK_ED25519 || type->kind == SSH_KEY_SK_ECDSA)
		if (!wire_take_byte(&wire, &flags) || !wire_take_number(&wire, &counter))
			return MALFORMED("the security key's signature is cut off");
	if (!wire_is_empty(&wire))
		return MALFORMED("something stands behind the signature's inner part");
	sshsig->is_touched = flags & SK_TOUCHED;
	if (!sshsig->is_touched)
		return UNSUPPORTED(
			"the security key was not touched; a person must be there when it signs");
	return PASSED;
}

static bool signature_type_fits(const struct ssh_key_type *type, const char *name)
{
	for (const char *const *fits = type->signature_types; *fits; fits++)
		if (text_equal(*fits, name))
			return true;
	return false;
}

static struct judgement parse_numbers(const struct ssh_key_type *type, struct bytes numbers,
                                      size_t rsa_bits)
{
	struct wire wire = wire_of(numbers);
	size_t bits;

	switch (type->kind) {
	case SSH_KEY_ED25519:
	case SSH_KEY_SK_ED25519:
		return numbers.size == 64 ? PASSED : MALFORMED("an Ed25519 signature has 64 bytes");
	case SSH_KEY_RSA:
		return numbers.size == (rsa_bits + 7) / 8
		               ? PASSED
		               : MALFORMED("an RSA signature is as long as its key");
	case SSH_KEY_ECDSA:
	case SSH_KEY_SK_ECDSA:
		for (int i = 0; i < 2; i++)
			if (!wire_take_integer(&wire, &bits) ||
			    bits > (type->point_size - 1) / 2 * 8)
				return MALFORMED(
					"an ECDSA signature is two numbers below the curve's order");
		return wire_is_empty(&wire) ? PASSED
		                            : MALFORMED("an ECDSA signature is two numbers");
	}
	return MALFORMED("an unknown kind of key");
}

/* All lines but the last have the width of the first. */
static bool dearmor(struct arena *arena, struct bytes armor, struct bytes *ret_blob)
{
	const size_t begin = strlen(ARMOR_BEGIN), end = strlen(ARMOR_END);
	struct text digits = TEXT_IN(arena);
	const char *line, *stop;
	size_t width = 0;

	if (armor.size <= begin + end || memcmp(armor.data, ARMOR_BEGIN, begin) != 0 ||
	    memcmp(armor.data + armor.size - end, ARMOR_END, end) != 0)
		return false;
	line = armor.data + begin;
	stop = armor.data + armor.size - end;
	while (line < stop) {
		const char *newline = memchr(line, '\n', (size_t)(stop - line));
		size_t size;

		if (!newline)
			return false;
		size = (size_t)(newline - line);
		if (width == 0)
			width = size;
		if (size == 0 || size > ARMOR_WIDTH_MAXIMUM || size > width ||
		    (size < width && newline + 1 < stop))
			return false;
		text_add_bytes(&digits, line, size);
		line = newline + 1;
	}
	return base64_decode(arena, text_get(&digits), digits.size, ret_blob);
}
