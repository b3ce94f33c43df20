/* The fake calendar service that tests/bench/run has started, and tokens for it as Frappe keeps them. */
#ifndef BENCH_SHARED_SERVICE_H
#define BENCH_SHARED_SERVICE_H

#include "bench.h"
#include "support/fake.h"

struct fake bench_fake(const struct bench *bench);
/* Lines of its language (tests/fakes/README.md). */
void bench_fake_tell(const struct fake *fake, const char *script);

/* A token of an integration, encrypted with the key of the bench's site. field: "access_token", "refresh_token". */
void bench_add_token(MYSQL *m, const char *integration, const char *field, const char *token);

#endif
