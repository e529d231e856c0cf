/*
 * The strict reading of an OpenPGP signature (RFC 4880: 5.2 and 6.2) before any program sees it: one armor, one packet,
 * nothing behind it. It says what the signature claims to be; whether the claim is true is gpg's business.
 */
#pragma once

#include "model/verdict.h"

struct pgp_signature {
	const char *issuer;    /* fingerprint that it names, 40 upper-case hex digits; NULL: none */
	const char *issuer_id; /* its last 16 digits; NULL only when there is an issuer */
};

/*
 * VERDICT_GOOD: well formed, of version 4, over bytes, with a digest and by an algorithm that count. Else MALFORMED,
 * UNSUPPORTED or BAD (a message of its own, which signs nothing of the commit), and *ret_reason says why.
 */
enum verdict_kind pgp_signature_parse(struct arena *arena, struct bytes armor,
                                      struct pgp_signature *ret_signature, const char **ret_reason);
