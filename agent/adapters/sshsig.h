/*
 * The signature that `git commit -S` writes with an SSH key: armor around an SSHSIG blob (OpenSSH's PROTOCOL.sshsig).
 * Parsing says whether ssh-keygen may be asked at all, and which key to look for; it proves nothing by itself.
 */
#pragma once

#include "adapters/ssh_certificate.h"
#include "model/verdict.h"

struct sshsig {
	struct ssh_key key; /* that made it; with a certificate, the key that this is about */
	const struct ssh_certificate *certificate; /* NULL: none came with it */
	const char *name_space;                    /* "git" */
	const char *hash;                          /* "sha256", "sha512" */
	const char *signature_type;
};

/*
 * VERDICT_GOOD when every byte is as the protocol and we want it; else VERDICT_MALFORMED, VERDICT_UNSUPPORTED, or
 * VERDICT_BAD (made for another purpose than git), and *ret_reason is one sentence. *ret_sshsig is set only when good.
 */
enum verdict_kind sshsig_parse(struct arena *arena, struct bytes armor, struct sshsig *ret_sshsig,
                               const char **ret_reason);
