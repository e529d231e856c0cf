/*
 * Certificates to the last byte. The key inside is put together again as a plain key and read as one, so that what is
 * known about keys is known in one place. OpenSSH passes over critical options and reserved bytes when it checks a
 * signature; here they refuse.
 */
#include "adapters/ssh_certificate.h"

#include "adapters/ssh_signature.h"

#define TYPE_SUFFIX "-cert-v01@openssh.com"
#define NONCE_MAXIMUM 256 /* bytes; authorities write 16 or 32 */
#define USER 1
#define HOST 2

static const char *parse_key(struct wire *wire, struct arena *arena,
                             struct ssh_certificate *certificate, bool *ret_supported);
static size_t key_strings(enum ssh_key_kind kind);
static const char *parse_names(struct arena *arena, struct bytes names,
                               struct ssh_certificate *certificate, bool *ret_supported);
static bool take_name(struct wire *wire, struct arena *arena, const char **ret_name);
static const char *parse_options(struct arena *arena, struct bytes options,
                                 struct ssh_certificate *certificate, bool *ret_supported);
static bool options_take(struct wire *wire, struct bytes *before, struct bytes *ret_name,
                         struct bytes *ret_data);
static const char *parse_authority(struct arena *arena, struct bytes key, struct bytes signature,
                                   struct ssh_certificate *certificate, bool *ret_supported);

bool ssh_certificate_is(struct bytes blob)
{
	const size_t size = strlen(TYPE_SUFFIX);
	struct wire wire = wire_of(blob);
	struct bytes type;

	return wire_take_string(&wire, &type) && type.size >= size &&
	       memcmp(type.data + type.size - size, TYPE_SUFFIX, size) == 0;
}

const char *ssh_certificate_parse(struct arena *arena, struct bytes blob,
                                  struct ssh_certificate *ret_certificate, bool *ret_supported)
{
	struct ssh_certificate certificate = {.blob = blob};
	struct bytes nonce, names, options, extensions, reserved, authority, signature;
	struct bytes name = {0}, data;
	struct wire wire = wire_of(blob);
	uint64_t after, before;
	uint32_t kind;
	const char *why;

	*ret_supported = true;
	if (blob.size > SSH_CERTIFICATE_MAXIMUM)
		return "the certificate is too long";
	if (!wire_take_text(&wire, arena, &certificate.type) || !wire_take_string(&wire, &nonce))
		return "the certificate is cut off";
	if (nonce.size > NONCE_MAXIMUM)
		return "the certificate begins with too many random bytes";
	why = parse_key(&wire, arena, &certificate, ret_supported);
	if (why)
		return why;
	if (!wire_take_long(&wire, &certificate.serial) || !wire_take_number(&wire, &kind) ||
	    !take_name(&wire, arena, &certificate.key_id) || !wire_take_string(&wire, &names) ||
	    !wire_take_long(&wire, &after) || !wire_take_long(&wire, &before) ||
	    !wire_take_string(&wire, &options) || !wire_take_string(&wire, &extensions) ||
	    !wire_take_string(&wire, &reserved) || !wire_take_string(&wire, &authority) ||
	    !wire_take_string(&wire, &signature))
		return "the certificate is cut off";
	if (!wire_is_empty(&wire))
		return "something stands behind the certificate";
	if (reserved.size != 0)
		return "the certificate's reserved field is not empty";
	if (kind != USER) {
		*ret_supported = kind != HOST;
		return kind == HOST ? "the certificate is a host's; a person needs one for users"
		                    : "the certificate is neither a user's nor a host's";
	}
	for (struct wire left = wire_of(extensions); !wire_is_empty(&left);)
		if (!options_take(&left, &name, &name, &data))
			return "the certificate's extensions are not in order";
	/* in OpenSSH the end is the first second that is too late */
	certificate.valid_after = after > INT64_MAX ? INT64_MAX : (int64_t)after;
	certificate.valid_before = before > INT64_MAX ? INT64_MAX : (int64_t)before - 1;

	why = parse_authority(arena, authority, signature, &certificate, ret_supported);
	if (!why)
		why = parse_names(arena, names, &certificate, ret_supported);
	if (!why)
		why = parse_options(arena, options, &certificate, ret_supported);
	if (why)
		return why;
	*ret_certificate = certificate;
	return NULL;
}

static const char *parse_key(struct wire *wire, struct arena *arena,
                             struct ssh_certificate *certificate, bool *ret_supported)
{
	const struct ssh_key_type *type = ssh_key_type_certified(certificate->type);
	const unsigned char *begin = wire->at;
	struct text key = TEXT_IN(arena);
	struct bytes part;
	const char *why;

	if (!type) {
		*ret_supported = false;
		return arena_printf(arena, "certificates of the kind '%s' are not supported",
		                    text_clip(arena, certificate->type, 60));
	}
	for (size_t i = 0; i < key_strings(type->kind); i++)
		if (!wire_take_string(wire, &part))
			return "the certificate is cut off";
	wire_add_string(&key, (struct bytes){type->name, strlen(type->name)});
	text_add_bytes(&key, begin, (size_t)(wire->at - begin));
	why = ssh_key_parse(arena, text_bytes(&key), &certificate->key, ret_supported);
	return why ? arena_printf(arena, "the certificate's key: %s", why) : NULL;
}

static size_t key_strings(enum ssh_key_kind kind)
{
	switch (kind) {
	case SSH_KEY_ED25519:
		return 1;        /* point */
	case SSH_KEY_ECDSA:      /* curve, point */
	case SSH_KEY_RSA:        /* exponent, modulus */
	case SSH_KEY_SK_ED25519: /* point, application */
		return 2;
	case SSH_KEY_SK_ECDSA: /* curve, point, application */
		return 3;
	}
	return 0;
}

static const char *parse_authority(struct arena *arena, struct bytes key, struct bytes signature,
                                   struct ssh_certificate *certificate, bool *ret_supported)
{
	struct ssh_signature signed_by;
	const char *why = ssh_key_parse(arena, key, &certificate->authority, ret_supported);

	if (!why)
		why = ssh_signature_parse(arena, signature, &certificate->authority, &signed_by,
		                          ret_supported);
	return why ? arena_printf(arena, "the certificate's authority: %s", why) : NULL;
}

static const char *parse_names(struct arena *arena, struct bytes names,
                               struct ssh_certificate *certificate, bool *ret_supported)
{
	struct wire wire = wire_of(names);
	const char *name;

	while (!wire_is_empty(&wire)) {
		if (certificate->names.count >= SSH_CERTIFICATE_NAMES_MAXIMUM)
			return "the certificate names too many principals";
		if (!take_name(&wire, arena, &name))
			return "the certificate's principals are cut off, or one is too long";
		*LIST_ADD(arena, &certificate->names) = name;
	}
	*ret_supported = certificate->names.count > 0;
	return *ret_supported ? NULL
	                      : "the certificate names no principal, so that it would be anybody's";
}

static bool take_name(struct wire *wire, struct arena *arena, const char **ret_name)
{
	struct bytes name;

	if (!wire_take_string(wire, &name) || name.size > SSH_CERTIFICATE_TEXT_MAXIMUM ||
	    (name.size && memchr(name.data, '\0', name.size)))
		return false;
	*ret_name = arena_copy(arena, name.data, name.size);
	return true;
}

/* A login can keep to a source address or a command; a signature cannot, so that it would be worth more than meant. */
static const char *parse_options(struct arena *arena, struct bytes options,
                                 struct ssh_certificate *certificate, bool *ret_supported)
{
	struct wire wire = wire_of(options);
	struct bytes name = {0}, data;

	while (!wire_is_empty(&wire)) {
		const char *shown;

		if (!options_take(&wire, &name, &name, &data))
			return "the certificate's critical options are not in order";
		shown = arena_copy(arena, name.data, name.size);
		if (text_equal(shown, "verify-required") && data.size == 0) {
			certificate->asks_a_pin = true;
			continue;
		}
		*ret_supported = false;
		return arena_printf(
			arena,
			"the certificate is limited by '%s', which a signature cannot keep to",
			text_clip(arena, shown, 60));
	}
	return NULL;
}

/* Names rise, so that none stands twice (PROTOCOL.certkeys). */
static bool options_take(struct wire *wire, struct bytes *before, struct bytes *ret_name,
                         struct bytes *ret_data)
{
	const struct bytes last = *before;
	struct bytes name, data;
	size_t shared;
	int order;

	if (!wire_take_string(wire, &name) || !wire_take_string(wire, &data) || name.size == 0)
		return false;
	shared = last.size < name.size ? last.size : name.size;
	order = shared ? memcmp(last.data, name.data, shared) : 0;
	if (order > 0 || (order == 0 && last.size >= name.size))
		return false;
	*ret_name = name;
	*ret_data = data;
	return true;
}

const char *ssh_certificate_line(struct arena *arena, const struct ssh_certificate *certificate)
{
	return arena_printf(arena, "%s %s", certificate->type,
	                    base64_encode(arena, certificate->blob.data, certificate->blob.size));
}
