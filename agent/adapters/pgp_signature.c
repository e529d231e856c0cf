/*
 * The strict reading of an OpenPGP signature. Every answer starts as "malformed". gpg takes several packets in one
 * armor, skips those that it does not know, and calls a message a success without any signature; all three end here.
 */
#include "adapters/pgp_signature.h"

#include "adapters/ssh_key.h"
#include "base/text.h"

#define ARMOR_BEGIN "-----BEGIN PGP SIGNATURE-----"
#define ARMOR_END "-----END PGP SIGNATURE-----"
#define MESSAGE_BEGIN "-----BEGIN PGP MESSAGE-----"
#define ARMOR_WIDTH_MAXIMUM 76
#define CHECKSUM_WIDTH 5 /* "=" and the four digits of 24 bits */
#define TAG_SIGNATURE 2
#define OVER_BYTES 0x00
#define SUBPACKET_ISSUER 16
#define SUBPACKET_ISSUER_FINGERPRINT 33

struct judgement {
	enum verdict_kind kind;
	const char *reason;
};

#define PASSED ((struct judgement){VERDICT_GOOD, NULL})
#define MALFORMED(text) ((struct judgement){VERDICT_MALFORMED, (text)})
#define UNSUPPORTED(text) ((struct judgement){VERDICT_UNSUPPORTED, (text)})

struct octets { /* what is not yet read */
	const unsigned char *at, *end;
};

/* clang-format off */
static const struct { uint8_t number; bool counts; const char *name; } digests[] = { /* RFC 4880, 9.4 */
	{ 1,  false, "MD5" }, { 2,  false, "SHA-1" }, { 3, false, "RIPEMD-160" },
	{ 8,  true,  "SHA-256" }, { 9,  true, "SHA-384" }, { 10, true, "SHA-512" },
};

static const struct { uint8_t number; size_t numbers; const char *refused; } algorithms[] = { /* 9.1; RFC 6637 */
	{ 1,  1, NULL },
	{ 3,  1, NULL },
	{ 17, 2, "DSA keys are too weak; make one with: gpg --quick-generate-key NAME ed25519 sign" },
	{ 19, 2, NULL },
	{ 22, 2, NULL },
};
/* clang-format on */

static bool dearmor(struct arena *arena, struct bytes armor, struct bytes *ret_blob);
static bool is_blank(const char *line, size_t size);
static struct judgement parse_packet(struct arena *arena, struct bytes blob,
                                     struct pgp_signature *signature);
static bool take_packet(struct octets *octets, unsigned *ret_tag, struct octets *ret_body);
static bool take_old_length(struct octets *octets, unsigned kind, size_t *ret_length);
static bool take_new_length(struct octets *octets, bool in_packet, size_t *ret_length);
static struct judgement parse_body(struct arena *arena, struct octets body,
                                   struct pgp_signature *signature);
static struct judgement judge_kind(struct arena *arena, unsigned type, unsigned algorithm,
                                   unsigned digest, size_t *ret_numbers);
static bool take_issuers(struct arena *arena, struct octets area, struct pgp_signature *signature);
static bool agree(const char **known, const char *said);
static bool take_numbers(struct octets *body, size_t count);
static bool take(struct octets *octets, size_t size, struct octets *ret_taken);
static bool take_big_endian(struct octets *octets, size_t size, size_t *ret_number);
static const char *upper_hex(struct arena *arena, struct octets octets);

enum verdict_kind pgp_signature_parse(struct arena *arena, struct bytes armor,
                                      struct pgp_signature *ret_signature, const char **ret_reason)
{
	struct judgement judgement =
		MALFORMED("the signature's armor is not base64 in lines of one width");
	struct pgp_signature signature = {0};
	struct bytes blob;

	if (armor.size >= strlen(MESSAGE_BEGIN) &&
	    memcmp(armor.data, MESSAGE_BEGIN, strlen(MESSAGE_BEGIN)) == 0)
		judgement = (struct judgement){
			VERDICT_BAD,
			"it is an OpenPGP message of its own, which signs nothing of the commit"};
	else if (dearmor(arena, armor, &blob))
		judgement = parse_packet(arena, blob, &signature);
	if (judgement.kind == VERDICT_GOOD)
		*ret_signature = signature;
	*ret_reason = judgement.reason;
	return judgement.kind;
}

/* BEGIN, headers "Name: text", a blank line, base64 in lines of one width, perhaps a checksum, END. */
static bool dearmor(struct arena *arena, struct bytes armor, struct bytes *ret_blob)
{
	enum { BEGIN, HEADERS, BODY, LAST, END, OVER } state = BEGIN;
	struct text digits = TEXT_IN(arena);
	size_t width = 0;

	for (size_t at = 0, next; at < armor.size; at = next) {
		const char *line = armor.data + at;
		const char *newline = memchr(line, '\n', armor.size - at);
		size_t size = newline ? (size_t)(newline - line) : armor.size - at;
		bool is_end = size == strlen(ARMOR_END) && memcmp(line, ARMOR_END, size) == 0;

		next = at + size + 1;
		if (memchr(line, '\0', size) || state == OVER)
			return false;
		if (state == BEGIN) {
			if (size != strlen(ARMOR_BEGIN) || memcmp(line, ARMOR_BEGIN, size) != 0)
				return false;
			state = HEADERS;
		} else if (state == HEADERS) {
			if (is_blank(line, size))
				state = BODY;
			else if (!memchr(line, ':', size))
				return false;
		} else if (is_end) {
			state = OVER;
		} else if (state == END) {
			return false;
		} else if (size == CHECKSUM_WIDTH && line[0] == '=') {
			state = END;
		} else {
			if (state == LAST || size == 0 || size > ARMOR_WIDTH_MAXIMUM)
				return false;
			width = width ? width : size;
			if (size > width)
				return false;
			if (size < width)
				state = LAST;
			text_add_bytes(&digits, line, size);
		}
	}
	return state == OVER && base64_decode(arena, text_get(&digits), digits.size, ret_blob);
}

static bool is_blank(const char *line, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (line[i] != ' ' && line[i] != '\t')
			return false;
	return true;
}

static struct judgement parse_packet(struct arena *arena, struct bytes blob,
                                     struct pgp_signature *signature)
{
	struct octets octets = {(const unsigned char *)blob.data,
	                        (const unsigned char *)blob.data + blob.size};
	struct octets body;
	unsigned tag;

	if (!take_packet(&octets, &tag, &body))
		return MALFORMED("the signature is cut off");
	if (tag != TAG_SIGNATURE)
		return MALFORMED("the armor holds something else than a signature");
	if (octets.at < octets.end)
		return MALFORMED("the armor holds more than one signature");
	return parse_body(arena, body, signature);
}

static bool take_packet(struct octets *octets, unsigned *ret_tag, struct octets *ret_body)
{
	size_t first, length;

	if (!take_big_endian(octets, 1, &first) || !(first & 0x80))
		return false;
	if (first & 0x40) {
		*ret_tag = first & 0x3f;
		return take_new_length(octets, /* in_packet= */ false, &length) &&
		       take(octets, length, ret_body);
	}
	*ret_tag = first >> 2 & 0x0f;
	return take_old_length(octets, first & 3, &length) && take(octets, length, ret_body);
}

static bool take_old_length(struct octets *octets, unsigned kind, size_t *ret_length)
{
	return kind < 3 && take_big_endian(octets, (size_t)1 << kind, ret_length);
}

/* RFC 4880, 4.2.2 and 5.2.3.1: a subpacket has no partial lengths, a packet's are refused. */
static bool take_new_length(struct octets *octets, bool in_packet, size_t *ret_length)
{
	size_t first, second;

	if (!take_big_endian(octets, 1, &first))
		return false;
	if (first < 192) {
		*ret_length = first;
		return true;
	}
	if (first == 255)
		return take_big_endian(octets, 4, ret_length);
	if (!in_packet && first >= 224)
		return false;
	if (!take_big_endian(octets, 1, &second))
		return false;
	*ret_length = ((first - 192) << 8) + second + 192;
	return true;
}

static struct judgement parse_body(struct arena *arena, struct octets body,
                                   struct pgp_signature *signature)
{
	size_t version, type, algorithm, digest, size, numbers = 0;
	struct octets hashed, unhashed, start;
	struct judgement judgement;

	if (!take_big_endian(&body, 1, &version))
		return MALFORMED("the signature is cut off");
	if (version != 4)
		return UNSUPPORTED(arena_printf(
			arena, "the signature has version %zu, only 4 is known", version));
	if (!take_big_endian(&body, 1, &type) || !take_big_endian(&body, 1, &algorithm) ||
	    !take_big_endian(&body, 1, &digest) || !take_big_endian(&body, 2, &size) ||
	    !take(&body, size, &hashed) || !take_big_endian(&body, 2, &size) ||
	    !take(&body, size, &unhashed) || !take(&body, 2, &start))
		return MALFORMED("the signature is cut off");
	judgement =
		judge_kind(arena, (unsigned)type, (unsigned)algorithm, (unsigned)digest, &numbers);
	if (judgement.kind != VERDICT_GOOD)
		return judgement;
	if (!take_issuers(arena, hashed, signature) || !take_issuers(arena, unhashed, signature))
		return MALFORMED("the signature's parts do not fit, or name two keys");
	if (!signature->issuer_id)
		return MALFORMED("the signature does not say by which key it is");
	if (!take_numbers(&body, numbers))
		return MALFORMED("the signature's numbers are cut off, or more stands behind them");
	return PASSED;
}

static struct judgement judge_kind(struct arena *arena, unsigned type, unsigned algorithm,
                                   unsigned digest, size_t *ret_numbers)
{
	const char *why = NULL;
	bool counts = false;

	if (type != OVER_BYTES)
		return UNSUPPORTED(arena_printf(
			arena, "the signature is of type 0x%02x, git's are over bytes (0x00)",
			type));
	for (size_t i = 0; i < sizeof digests / sizeof *digests; i++)
		if (digests[i].number == digest) {
			counts = digests[i].counts;
			why = arena_printf(arena,
			                   "the signature is over a %s digest, which is too weak; "
			                   "set personal-digest-preferences SHA512 in gpg.conf",
			                   digests[i].name);
		}
	if (!counts)
		return UNSUPPORTED(
			why ? why
			    : arena_printf(arena,
		                           "the signature is over a digest of the kind %u, which "
		                           "is not supported",
		                           digest));
	for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++)
		if (algorithms[i].number == algorithm) {
			*ret_numbers = algorithms[i].numbers;
			return algorithms[i].refused ? UNSUPPORTED(algorithms[i].refused) : PASSED;
		}
	return UNSUPPORTED(arena_printf(arena, "keys of the kind %u are not supported", algorithm));
}

/* Which key it says it is by; both ways of saying it must agree wherever they stand. */
static bool take_issuers(struct arena *arena, struct octets area, struct pgp_signature *signature)
{
	while (area.at < area.end) {
		struct octets subpacket, version;
		size_t length, kind;
		const char *hex;

		if (!take_new_length(&area, /* in_packet= */ true, &length) ||
		    !take(&area, length, &subpacket) || !take_big_endian(&subpacket, 1, &kind))
			return false;
		kind &= 0x7f; /* the first bit: critical */
		if (kind == SUBPACKET_ISSUER) {
			hex = upper_hex(arena, subpacket);
			if (strlen(hex) != 16 || !agree(&signature->issuer_id, hex))
				return false;
		} else if (kind == SUBPACKET_ISSUER_FINGERPRINT) {
			if (!take(&subpacket, 1, &version) || *version.at != 4)
				return false;
			hex = upper_hex(arena, subpacket);
			if (strlen(hex) != 40 || !agree(&signature->issuer, hex) ||
			    !agree(&signature->issuer_id, hex + 24))
				return false;
		}
	}
	return true;
}

static bool agree(const char **known, const char *said)
{
	if (*known)
		return text_equal(*known, said);
	*known = said;
	return true;
}

/* RFC 4880, 3.2: two octets with the number of bits, then that many, and nothing at the end. */
static bool take_numbers(struct octets *body, size_t count)
{
	struct octets number;
	size_t bits;

	for (size_t i = 0; i < count; i++)
		if (!take_big_endian(body, 2, &bits) || !take(body, (bits + 7) / 8, &number))
			return false;
	return body->at == body->end;
}

static bool take(struct octets *octets, size_t size, struct octets *ret_taken)
{
	if ((size_t)(octets->end - octets->at) < size)
		return false;
	*ret_taken = (struct octets){octets->at, octets->at + size};
	octets->at += size;
	return true;
}

static bool take_big_endian(struct octets *octets, size_t size, size_t *ret_number)
{
	struct octets taken;
	size_t number = 0;

	if (!take(octets, size, &taken))
		return false;
	for (; taken.at < taken.end; taken.at++)
		number = number << 8 | *taken.at;
	*ret_number = number;
	return true;
}

static const char *upper_hex(struct arena *arena, struct octets octets)
{
	struct text text = TEXT_IN(arena);

	for (; octets.at < octets.end; octets.at++)
		text_printf(&text, "%02X", *octets.at);
	return text_get(&text);
}
