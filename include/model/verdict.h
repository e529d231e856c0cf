/*
 * What a keyring says about one signature: by the cryptographic check alone, never about roles or policy. Only
 * VERDICT_GOOD names a person who signed; in every other kind a principal is only whose key it is said to be.
 */
#pragma once

#include "model/commit.h"

enum verdict_kind {
	VERDICT_UNSIGNED, /* the start of every decision is "no" */
	VERDICT_GOOD,
	VERDICT_BAD,
	VERDICT_UNTRUSTED,
	VERDICT_EXPIRED,
	VERDICT_NOT_YET_VALID,
	VERDICT_REVOKED,
	VERDICT_MALFORMED,
	VERDICT_UNSUPPORTED,
};

struct verdict {
	enum verdict_kind kind;
	const char *principal; /* the person, when the key is known; else NULL */
	/* "SHA256:…", of a certificate that of the key it is about; of OpenPGP the primary key's, 40 upper-case hex digits;
	 * NULL: none */
	const char *fingerprint;
	enum signature_format format;
	const char *reason; /* one sentence for people; NULL when good */
};

static inline const char *verdict_kind_name(enum verdict_kind kind)
{
	static const char *const names[] = {
		[VERDICT_UNSIGNED] = "unsigned",
		[VERDICT_GOOD] = "good",
		[VERDICT_BAD] = "bad",
		[VERDICT_UNTRUSTED] = "untrusted",
		[VERDICT_EXPIRED] = "expired",
		[VERDICT_NOT_YET_VALID] = "not-yet-valid",
		[VERDICT_REVOKED] = "revoked",
		[VERDICT_MALFORMED] = "malformed",
		[VERDICT_UNSUPPORTED] = "unsupported",
	};

	return names[kind];
}
