/* The fake calendar service of a bench (see the header). */
#include "service.h"

#include "mmsync/mem.h"
#include "support/fernet_peer.h"
#include "support/gfake.h"

/* The key that tests/bench/run writes into site_config.json. */
#define KEY "dGhlIHN0b3JpZXMgc2lnbmFuZCBlbmNyeXB0Li4uLi4="

struct fake
bench_fake(const struct bench *b)
{
	struct fake fake = { 0 };
	char path[128];

	(void)snprintf(path, sizeof path, "%s/google-port", b->dir);
	(void)snprintf(fake.dir, sizeof fake.dir, "%s/google", b->dir);
	FILE *file = fopen(path, "re");
	if (file == NULL || fscanf(file, "port %u", &fake.port) != 1)
		bench_die("%s cannot be read", path);
	(void)fclose(file);
	return fake;
}

void
bench_fake_tell(const struct fake *fake, const char *script)
{
	char wrong[512];

	if (!gfake_try(fake, script, wrong, sizeof wrong))
		bench_die("the fake refuses '%.200s': %s", script, wrong);
}

void
bench_add_token(MYSQL *m, const char *integration, const char *field, const char *token)
{
	MMS_AUTO(mms_str) secret = { 0 };

	fernet_peer_encrypt(KEY, token, BENCH_NOW_MS / 1000, &secret);
	bench_sql(m,
		  "REPLACE INTO __Auth (doctype, name, fieldname, password, encrypted) VALUES"
		  " ('MM Calendar Integration', '%s', '%s', '%s', 1)",
		  integration, field, mms_str_get(&secret));
}
