/* What the files of mmsync connect share: a service's ways, and one consent on its way. */
#ifndef APP_CONNECT_H
#define APP_CONNECT_H

#include "mmsync/cursors.h"
#include "mmsync/oauth_account.h"
#include "mmsync/oauth_client.h"
#include "verbs.h"

/* How long is waited for a person, seconds. */
#define CONNECT_PATIENCE_S 300

/* What differs between the services. Texts are static. */
struct connect_service {
	const char *provider; /* "google": also the word of the command line      */
	const char *type;     /* integration_type                                 */
	const char *company;  /* who answers: in texts                            */
	const char *scope;
	const char *const *enough;        /* NULL-ended: each alone is what is needed       */
	const char *host, *path;          /* http://HOST:PORTPATH: where the browser is sent */
	const char *access_type, *prompt; /* of the consent; NULL: not sent                  */
	bool has_scope_in_exchange;       /* the scope goes with the code, too               */
	const char *no_scope, *no_refresh_token; /* hints */
};

/* What a connect works with. */
struct connect {
	struct mms_app *app;
	const struct connect_service *service;
	int64_t deadline_mono_ms; /* 0: as long as the service's code is good */
	struct mms_sources sources;
	const struct mms_source *source; /* of sources */
	struct mms_account_client account;
	struct mms_pkce pkce, state; /* of the second only its verifier: random */
	char *code;
	struct mms_provider_env env;
	struct mms_oauth_tokens tokens;
};

/*
 * The three ways of a consent (connect_consent.c); after each c->tokens is what the service gave. Errors: AUTH,
 * STOPPED, RETRY, WAIT, CONFIG, NOMEM.
 */
mms_rc connect_by_browser(struct connect *c, struct mms_err *err) MMS_MUST_CHECK;
mms_rc connect_by_hand(struct connect *c, struct mms_err *err) MMS_MUST_CHECK;
mms_rc connect_by_device(struct connect *c, struct mms_err *err) MMS_MUST_CHECK;

#endif
