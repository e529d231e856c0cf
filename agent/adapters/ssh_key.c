/*
 * SSH public keys as bytes. Everything is checked to the last byte before ssh-keygen sees it, so that two programs
 * cannot read two different keys from one blob.
 */
#include "adapters/ssh_key.h"

#include "base/hash.h"

#define RSA_BITS_MINIMUM 2048
#define RSA_BITS_MAXIMUM 16384

#define P256 "ecdsa-sha2-nistp256"
#define P384 "ecdsa-sha2-nistp384"
#define P521 "ecdsa-sha2-nistp521"
#define SK_ED25519 "sk-ssh-ed25519@openssh.com"
#define SK_P256 "sk-ecdsa-sha2-nistp256@openssh.com"
#define CERTIFICATE_SUFFIX "-cert-v01@openssh.com"

/* clang-format off */
static const struct ssh_key_type key_types[] = {
	{ "ssh-ed25519", SSH_KEY_ED25519,    NULL,       32,  "ED25519",    { "ssh-ed25519" } },
	{ P256,          SSH_KEY_ECDSA,      "nistp256", 65,  "ECDSA",      { P256 } },
	{ P384,          SSH_KEY_ECDSA,      "nistp384", 97,  "ECDSA",      { P384 } },
	{ P521,          SSH_KEY_ECDSA,      "nistp521", 133, "ECDSA",      { P521 } },
	{ "ssh-rsa",     SSH_KEY_RSA,        NULL,       0,   "RSA",        { "rsa-sha2-512", "rsa-sha2-256" } },
	{ SK_ED25519,    SSH_KEY_SK_ED25519, NULL,       32,  "ED25519-SK", { SK_ED25519 } },
	{ SK_P256,       SSH_KEY_SK_ECDSA,   "nistp256", 65,  "ECDSA-SK",   { SK_P256 } },
};

/* Kinds with an answer of their own. A signature may come with a certificate: ssh_certificate.c reads those. */
static const struct { const char *suffix, *why; } refused_types[] = {
	{ CERTIFICATE_SUFFIX,      "a certificate is no key; name the key itself, its .pub file without -cert" },
	{ "ssh-dss",               "DSA keys are too weak; make one with: ssh-keygen -t ed25519" },
};
/* clang-format on */

static const char *parse_body(struct wire *wire, struct arena *arena, struct ssh_key *key,
                              bool *ret_supported);
static const char *parse_curve(struct wire *wire, struct arena *arena,
                               const struct ssh_key_type *type);
static const char *parse_rsa(struct wire *wire, struct ssh_key *key, bool *ret_supported);
static const char *fingerprint(struct arena *arena, struct bytes blob);
static const struct ssh_key_type *find_type(const char *name);
static const char *why_refused(const char *name);
static int base64_value(char c);

const char *ssh_key_parse(struct arena *arena, struct bytes blob, struct ssh_key *ret_key,
                          bool *ret_supported)
{
	struct ssh_key key = {.blob = blob};
	struct wire wire = wire_of(blob);
	const char *name, *why;

	*ret_supported = true;
	if (blob.size > SSH_KEY_MAXIMUM)
		return "the public key is too long";
	if (!wire_take_text(&wire, arena, &name))
		return "the public key is cut off";
	key.type = find_type(name);
	if (!key.type) {
		*ret_supported = false;
		why = why_refused(name);
		return why ? why
		           : arena_printf(arena, "keys of the kind '%s' are not supported", name);
	}
	why = parse_body(&wire, arena, &key, ret_supported);
	if (why)
		return why;
	if (!wire_is_empty(&wire))
		return "something stands behind the public key";
	key.fingerprint = fingerprint(arena, blob);
	*ret_key = key;
	return NULL;
}

static const char *parse_body(struct wire *wire, struct arena *arena, struct ssh_key *key,
                              bool *ret_supported)
{
	struct bytes point;
	const char *why, *application;

	if (key->type->kind == SSH_KEY_RSA)
		return parse_rsa(wire, key, ret_supported);
	if (key->type->curve) {
		why = parse_curve(wire, arena, key->type);
		if (why)
			return why;
	}
	if (!wire_take_string(wire, &point) || point.size != key->type->point_size)
		return "the public key has the wrong length";
	if (key->type->curve && point.data[0] != 0x04)
		return "the public key is not an uncompressed point";
	if (ssh_key_is_in_hardware(key) && !wire_take_text(wire, arena, &application))
		return "the security key names no application";
	return NULL;
}

static const char *parse_curve(struct wire *wire, struct arena *arena,
                               const struct ssh_key_type *type)
{
	const char *curve;

	if (!wire_take_text(wire, arena, &curve) || !text_equal(curve, type->curve))
		return "the public key is of another curve than its kind says";
	return NULL;
}

static const char *parse_rsa(struct wire *wire, struct ssh_key *key, bool *ret_supported)
{
	size_t exponent_bits;

	if (!wire_take_integer(wire, &exponent_bits) || !wire_take_integer(wire, &key->rsa_bits))
		return "the public key's numbers are not in their shortest form";
	if (key->rsa_bits >= RSA_BITS_MINIMUM && key->rsa_bits <= RSA_BITS_MAXIMUM &&
	    exponent_bits > 1)
		return NULL;
	*ret_supported = false;
	return "RSA keys need 2048 to 16384 bits; make a new one with: ssh-keygen -t ed25519";
}

static const char *fingerprint(struct arena *arena, struct bytes blob)
{
	char hex[SHA256_HEX];
	unsigned char raw[32];
	char *text;

	sha256_hex(blob.data, blob.size, hex);
	for (size_t i = 0; i < sizeof raw; i++) {
		const char pair[] = {hex[2 * i], hex[2 * i + 1], '\0'};

		raw[i] = (unsigned char)strtoul(pair, NULL, 16);
	}
	text = arena_printf(arena, "SHA256:%s", base64_encode(arena, raw, sizeof raw));
	text[strcspn(text, "=")] = '\0';
	return text;
}

bool ssh_key_equal(const struct ssh_key *a, const struct ssh_key *b)
{
	return a->blob.size == b->blob.size &&
	       memcmp(a->blob.data, b->blob.data, a->blob.size) == 0;
}

bool ssh_key_type_is_known(const char *name)
{
	return find_type(name) || why_refused(name);
}

const struct ssh_key_type *ssh_key_type_certified(const char *name)
{
	for (size_t i = 0; i < sizeof key_types / sizeof *key_types; i++) {
		const size_t size = strcspn(key_types[i].name, "@");

		if (strncmp(name, key_types[i].name, size) == 0 &&
		    text_equal(name + size, CERTIFICATE_SUFFIX))
			return &key_types[i];
	}
	return NULL;
}

bool ssh_key_is_in_hardware(const struct ssh_key *key)
{
	return key->type->kind == SSH_KEY_SK_ED25519 || key->type->kind == SSH_KEY_SK_ECDSA;
}

static const struct ssh_key_type *find_type(const char *name)
{
	for (size_t i = 0; i < sizeof key_types / sizeof *key_types; i++)
		if (text_equal(key_types[i].name, name))
			return &key_types[i];
	return NULL;
}

static const char *why_refused(const char *name)
{
	for (size_t i = 0; i < sizeof refused_types / sizeof *refused_types; i++)
		if (text_ends(name, refused_types[i].suffix))
			return refused_types[i].why;
	return NULL;
}

const char *ssh_key_line(struct arena *arena, const struct ssh_key *key)
{
	return arena_printf(arena, "%s %s", key->type->name,
	                    base64_encode(arena, key->blob.data, key->blob.size));
}

struct wire wire_of(struct bytes bytes)
{
	const unsigned char *data = (const unsigned char *)bytes.data;

	return (struct wire){data, data + bytes.size};
}

bool wire_take_byte(struct wire *wire, uint8_t *ret_byte)
{
	if (wire_is_empty(wire))
		return false;
	*ret_byte = *wire->at++;
	return true;
}

bool wire_take_number(struct wire *wire, uint32_t *ret_number)
{
	const unsigned char *at = wire->at;

	if (wire->end - at < 4)
		return false;
	*ret_number = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
	wire->at += 4;
	return true;
}

bool wire_take_long(struct wire *wire, uint64_t *ret_number)
{
	struct wire rest = *wire;
	uint32_t high, low;

	if (!wire_take_number(&rest, &high) || !wire_take_number(&rest, &low))
		return false;
	*wire = rest;
	*ret_number = (uint64_t)high << 32 | low;
	return true;
}

bool wire_take_string(struct wire *wire, struct bytes *ret_string)
{
	uint32_t size;

	if (!wire_take_number(wire, &size) || (size_t)(wire->end - wire->at) < size)
		return false;
	*ret_string = (struct bytes){(const char *)wire->at, size};
	wire->at += size;
	return true;
}

bool wire_take_text(struct wire *wire, struct arena *arena, const char **ret_text)
{
	struct bytes string;

	if (!wire_take_string(wire, &string))
		return false;
	for (size_t i = 0; i < string.size; i++)
		if (string.data[i] < ' ' || string.data[i] > '~')
			return false;
	*ret_text = arena_copy(arena, string.data, string.size);
	return true;
}

bool wire_take_integer(struct wire *wire, size_t *ret_bits)
{
	struct bytes string;
	const unsigned char *data;
	size_t zero, bits;

	if (!wire_take_string(wire, &string) || string.size == 0)
		return false;
	data = (const unsigned char *)string.data;
	if (data[0] & 0x80)
		return false; /* negative */
	zero = data[0] == 0;
	if (zero && (string.size == 1 || !(data[1] & 0x80)))
		return false; /* nothing at all, or a zero byte that is not needed */
	bits = (string.size - zero) * 8;
	for (unsigned char first = data[zero]; !(first & 0x80); first = (unsigned char)(first << 1))
		bits--;
	*ret_bits = bits;
	return true;
}

bool wire_is_empty(const struct wire *wire)
{
	return wire->at == wire->end;
}

void wire_add_string(struct text *text, struct bytes string)
{
	const uint32_t size = (uint32_t)string.size;
	const unsigned char prefix[] = {(unsigned char)(size >> 24), (unsigned char)(size >> 16),
	                                (unsigned char)(size >> 8), (unsigned char)size};

	text_add_bytes(text, prefix, sizeof prefix);
	text_add_bytes(text, string.data, string.size);
}

static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool base64_decode(struct arena *arena, const char *text, size_t size, struct bytes *ret_bytes)
{
	size_t padding = 0, count = 0;
	char *data;

	if (size == 0 || size % 4 != 0)
		return false;
	while (padding < 2 && text[size - 1 - padding] == '=')
		padding++;
	data = arena_alloc(arena, size / 4 * 3 + 1);
	for (size_t i = 0; i < size; i += 4) {
		size_t digits = i + 4 == size ? 4 - padding : 4;
		uint32_t group = 0;

		for (size_t j = 0; j < 4; j++) {
			int value = j < digits ? base64_value(text[i + j]) : 0;

			if (value < 0)
				return false;
			group = group << 6 | (uint32_t)value;
		}
		if (group & (digits == 2 ? 0xffffu : digits == 3 ? 0xffu : 0u))
			return false; /* the unused bits must be zero, or one blob would have many spellings */
		for (size_t j = 0; j + 1 < digits; j++)
			data[count++] = (char)(group >> (16 - 8 * j) & 0xff);
	}
	*ret_bytes = (struct bytes){data, count};
	return true;
}

static int base64_value(char c)
{
	const char *digit = c ? strchr(base64_digits, c) : NULL;

	return digit ? (int)(digit - base64_digits) : -1;
}

const char *base64_encode(struct arena *arena, const void *data, size_t size)
{
	const unsigned char *at = data;
	char *text = arena_alloc(arena, (size + 2) / 3 * 4 + 1);
	char *out = text;

	for (size_t i = 0; i < size; i += 3) {
		size_t count = size - i < 3 ? size - i : 3;
		uint32_t group = (uint32_t)at[i] << 16 |
		                 (count > 1 ? (uint32_t)at[i + 1] << 8 : 0u) |
		                 (count > 2 ? at[i + 2] : 0u);

		for (size_t j = 0; j < 4; j++)
			*out++ = j <= count ? base64_digits[group >> (18 - 6 * j) & 63] : '=';
	}
	return text;
}
