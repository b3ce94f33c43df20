/* The three ways of a consent: a browser here, one elsewhere, a code that is typed in there. */
#include "connect.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "mmsync/consent.h"
#include "mmsync/fernet.h"

#define SLICE_MS 200
/* What can be pasted at most: an address with everything that a service puts into it. */
#define PASTED_MAX 16384
/* Nobody need listen there: the browser stays at the address, which is then copied. */
#define MANUAL_PORT 8766U

static void
add_redirect_uri(struct mms_str *out, const struct connect *c, unsigned port)
{
	mms_str_addf(out, "http://%s:%u%s", c->service->host, port, c->service->path);
}

/* For a person, whatever is asked to be silent: without it nothing can go on. */
static mms_rc
print_address(const struct connect *c, const char *redirect_uri, bool is_manual,
	      struct mms_err *err)
{
	MMS_AUTO(mms_str) url = { 0 };
	const char *user = c->source->integration.user;
	const struct mms_oauth_consent consent = {
		.auth_url = c->account.auth_url,
		.client_id = c->account.id,
		.redirect_uri = redirect_uri,
		.scope = c->service->scope,
		.state = c->state.verifier,
		.challenge = c->pkce.challenge,
		.access_type = c->service->access_type,
		.prompt = c->service->prompt,
		.login_hint = user != NULL && strchr(user, '@') != NULL ? user : NULL,
	};

	mms_oauth_add_consent_url(&url, &consent);
	mms_rc rc = mms_str_check(&url, err);
	if (rc != MMS_OK)
		return rc;
	fprintf(stderr,
		"Open this address in a browser%s, sign in as the owner of %s, and "
		"consent:\n\n%s\n\n",
		is_manual ? "" : " on this machine", c->source->integration.name,
		mms_str_get(&url));
	if (is_manual)
		fprintf(stderr,
			"The page that follows cannot be loaded (%s...): copy its address, "
			"and paste it here.\n",
			redirect_uri);
	(void)fflush(stderr);
	return MMS_OK;
}

/* One line of stdin, within the time. Errors: STOPPED, AUTH (nothing, or no end of it). */
static mms_rc
read_line(const struct connect *c, char line[PASTED_MAX], struct mms_err *err)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	size_t n = 0;

	line[0] = '\0';
	while (memchr(line, '\n', n) == NULL && n + 1 < PASTED_MAX) {
		if (atomic_load(mms_app_stop_flag()))
			return mms_fail(err, MMS_E_STOPPED,
					"interrupted while waiting for the address");
		if (mms_clock_mono_ms() >= c->deadline_mono_ms)
			return mms_fail(err, MMS_E_STOPPED, "nothing was pasted in time");
		if (poll(&in, 1, SLICE_MS) <= 0)
			continue;
		ssize_t got = read(STDIN_FILENO, line + n, PASTED_MAX - 1 - n);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got <= 0)
			break;
		n += (size_t)got;
		line[n] = '\0';
	}
	return MMS_OK;
}

static mms_rc
open_env(struct connect *c, struct mms_err *err)
{
	c->env.clock = &c->app->clock;
	c->env.is_stopped = mms_app_stop_flag();
	return mms_provider_env_open(&c->env, &c->app->site.config, err);
}

static mms_rc
exchange(struct connect *c, const char *redirect_uri, struct mms_err *err)
{
	const struct mms_oauth_client client = mms_account_client_get(&c->account);
	const struct mms_oauth_code code = {
		.code = c->code,
		.redirect_uri = redirect_uri,
		.verifier = c->pkce.verifier,
		.scope = c->service->has_scope_in_exchange ? c->service->scope : NULL,
	};

	mms_rc rc = open_env(c, err);
	return rc == MMS_OK ? mms_oauth_exchange(&c->env, &client, &code, &c->tokens, err) : rc;
}

mms_rc
connect_by_hand(struct connect *c, struct mms_err *err)
{
	MMS_AUTO(mms_str) redirect_uri = { 0 };
	char line[PASTED_MAX];

	add_redirect_uri(&redirect_uri, c, MANUAL_PORT);
	mms_rc rc = mms_str_check(&redirect_uri, err);
	if (rc == MMS_OK)
		rc = print_address(c, mms_str_get(&redirect_uri), true, err);
	if (rc == MMS_OK)
		rc = read_line(c, line, err);
	if (rc == MMS_OK)
		rc = mms_consent_read(line, c->state.verifier, &c->code, err);
	explicit_bzero(line, sizeof line);
	return rc == MMS_OK ? exchange(c, mms_str_get(&redirect_uri), err) : rc;
}

/* A port of ours, closed again as soon as the code is there. */
mms_rc
connect_by_browser(struct connect *c, struct mms_err *err)
{
	MMS_AUTO(mms_str) redirect_uri = { 0 };
	struct mms_consent *consent = NULL;

	mms_rc rc = mms_consent_open(&consent, c->state.verifier, err);
	if (rc != MMS_OK)
		return rc;
	add_redirect_uri(&redirect_uri, c, mms_consent_port(consent));
	rc = mms_str_check(&redirect_uri, err);
	if (rc == MMS_OK)
		rc = print_address(c, mms_str_get(&redirect_uri), false, err);
	if (rc == MMS_OK)
		rc = mms_consent_wait(consent, c->deadline_mono_ms, mms_app_stop_flag(),
				      &c->code, err);
	mms_consent_close(consent);
	return rc == MMS_OK ? exchange(c, mms_str_get(&redirect_uri), err) : rc;
}

/* The code is for the person's eyes; what we ask with is another, which nobody sees. */
mms_rc
connect_by_device(struct connect *c, struct mms_err *err)
{
	const struct mms_oauth_client client = mms_account_client_get(&c->account);
	MMS_AUTO(mms_oauth_device) device = { 0 };

	mms_rc rc = open_env(c, err);
	if (rc == MMS_OK)
		rc = mms_oauth_device_start(&c->env, &client, c->service->scope, &device, err);
	if (rc != MMS_OK)
		return rc;
	int64_t end = mms_clock_mono_ms() + device.lifetime_s * 1000;
	fprintf(stderr,
		"Open this address in any browser, type in the code, sign in as the owner of "
		"%s, and consent:\n\n%s\n%s\n\n",
		c->source->integration.name, device.verification_uri, device.user_code);
	(void)fflush(stderr);
	if (c->deadline_mono_ms > 0 && c->deadline_mono_ms < end)
		end = c->deadline_mono_ms;
	return mms_oauth_device_wait(&c->env, &client, &device, end, &c->tokens, err);
}
