/* What holds for every seal and ident, of commits and of tags. */
#pragma once

#include "fuzz/fuzz.h"
#include "model/commit.h"

static inline bool same_seal(const struct seal *a, const struct seal *b)
{
	return a->format == b->format && same_bytes(a->signature, b->signature) &&
	       same_bytes(a->payload, b->payload);
}

static inline bool same_ident(const struct ident *a, const struct ident *b)
{
	return text_equal(a->name, b->name) && text_equal(a->email, b->email) &&
	       a->when == b->when && text_equal(a->zone, b->zone);
}

static inline bool is_clean_ident(const struct ident *ident)
{
	return ident->name && ident->email && ident->zone && !text_has_control(ident->name) &&
	       !text_has_control(ident->email) && !text_has_control(ident->zone) &&
	       !strpbrk(ident->name, "<>") && !strpbrk(ident->email, "<>");
}
