/*
 * The strict reading of an SSHSIG blob. Every answer starts as "malformed". The format leaves freedom in three places
 * (line width of the armor, a reserved field, what may follow); all three are closed here, because ssh-keygen ignores
 * what it does not look at.
 */
#include "adapters/sshsig.h"

#include "adapters/ssh_signature.h"

#define ARMOR_BEGIN "-----BEGIN SSH SIGNATURE-----\n"
#define ARMOR_END "-----END SSH SIGNATURE-----\n"
#define ARMOR_WIDTH_MAXIMUM 76

struct judgement {
	enum verdict_kind kind;
	const char *reason;
};

#define PASSED ((struct judgement){VERDICT_GOOD, NULL})
#define MALFORMED(text) ((struct judgement){VERDICT_MALFORMED, (text)})
#define UNSUPPORTED(text) ((struct judgement){VERDICT_UNSUPPORTED, (text)})

static struct judgement parse_blob(struct arena *arena, struct bytes blob, struct sshsig *sshsig);
static struct judgement parse_key(struct arena *arena, struct bytes key, struct sshsig *sshsig);
static struct judgement parse_signature(struct arena *arena, struct bytes bytes,
                                        struct sshsig *sshsig);
static struct judgement judged(const char *why, bool supported);
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
	struct judgement judgement;
	uint32_t version;

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
	judgement = parse_key(arena, key, sshsig);
	if (judgement.kind != VERDICT_GOOD)
		return judgement;
	if (!text_equal(sshsig->name_space, "git"))
		return (struct judgement){
			VERDICT_BAD,
			arena_printf(arena, "the signature was made for '%s', not for git",
		                     text_clip(arena, sshsig->name_space, 40))};
	return parse_signature(arena, signature, sshsig);
}

/* What is wrong with its certificate is said before what is wrong with the signature. */
static struct judgement parse_key(struct arena *arena, struct bytes key, struct sshsig *sshsig)
{
	struct ssh_certificate *certificate;
	bool supported;
	const char *why;

	if (!ssh_certificate_is(key)) {
		why = ssh_key_parse(arena, key, &sshsig->key, &supported);
		return judged(why, supported);
	}
	certificate = ARENA_NEW(arena, struct ssh_certificate);
	why = ssh_certificate_parse(arena, key, certificate, &supported);
	if (why)
		return judged(why, supported);
	sshsig->certificate = certificate;
	sshsig->key = certificate->key;
	return PASSED;
}

static struct judgement parse_signature(struct arena *arena, struct bytes bytes,
                                        struct sshsig *sshsig)
{
	struct ssh_signature signature;
	bool supported;
	const char *why = ssh_signature_parse(arena, bytes, &sshsig->key, &signature, &supported);

	if (why)
		return judged(why, supported);
	if (sshsig->certificate && sshsig->certificate->asks_a_pin && !signature.asked_a_pin)
		return UNSUPPORTED(
			"the certificate wants a security key that asked for its PIN, and this one did not");
	sshsig->signature_type = signature.type;
	return PASSED;
}

static struct judgement judged(const char *why, bool supported)
{
	if (!why)
		return PASSED;
	return supported ? MALFORMED(why) : UNSUPPORTED(why);
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
