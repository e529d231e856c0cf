/*
 * Who a certificate says that the holder of its key is, by the lines of authorities in allowed_signers. The certificate is
 * believed here; whether its authority really signed it is ssh-keygen's to say.
 */
#pragma once

#include "adapters/allowed_signers.h"
#include "adapters/ssh_certificate.h"

/*
 * The authority's line with the one name of the certificate that it lets through as its principal, made in the arena;
 * NULL: nobody, and *ret_reason is one sentence. OpenSSH takes any of several names; a gate that counts persons cannot.
 */
const struct allowed_signer *ssh_authority_person(struct arena *arena,
                                                  const struct allowed_signers *signers,
                                                  const struct ssh_certificate *certificate,
                                                  const char **ret_reason);
