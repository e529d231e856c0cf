/* The blob of an SSH certificate: what is read names somebody, and its key is a plain key that is read by itself, too. */
#include "fuzz/fuzz.h"

#include "adapters/allowed_signers.h"
#include "adapters/ssh_certificate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	struct ssh_certificate certificate = {0};
	bool supported = false;
	const char *why = ssh_certificate_parse(arena, (struct bytes){(const char *)data, size},
	                                        &certificate, &supported);
	struct ssh_key key;

	if (why) {
		HOLDS(*why && !text_has_control(why));
		HOLDS(!certificate.type && !certificate.names.count);
	} else {
		HOLDS(supported && size <= SSH_CERTIFICATE_MAXIMUM);
		HOLDS(certificate.names.count > 0 &&
		      certificate.names.count <= SSH_CERTIFICATE_NAMES_MAXIMUM);
		HOLDS(!ssh_key_parse(arena, certificate.key.blob, &key, &supported));
		HOLDS(ssh_key_equal(&key, &certificate.key));
		HOLDS(ssh_certificate_is(certificate.blob));
		for (size_t i = 0; i < certificate.names.count; i++)
			HOLDS(ssh_patterns_match("*", certificate.names.items[i]));
	}
	arena_free(arena);
	return 0;
}
