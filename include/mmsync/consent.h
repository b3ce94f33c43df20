/*
 * How the answer of a person's consent comes back (RFC 8252): a listener on the loopback interface to
 * which the browser is sent, or what the person pastes. Either is believed only with the state that was
 * sent along.
 *
 * Layer: serve.
 */
#ifndef MMSYNC_CONSENT_H
#define MMSYNC_CONSENT_H

#include <stdatomic.h>
#include <stdint.h>

#include "mmsync/attr.h"
#include "mmsync/err.h"

/* Longer codes are none. */
#define MMS_CONSENT_CODE_MAX 4096

struct mms_consent;

/*
 * Listen on 127.0.0.1 and a port of the system's choice. Owns: *out. Errors: CONFIG (no port can be had),
 * NOMEM.
 */
mms_rc mms_consent_open(struct mms_consent **out, const char *state,
			struct mms_err *err) MMS_MUST_CHECK;
void mms_consent_close(struct mms_consent *consent);
/* The port: the service is told to send the browser there. */
unsigned mms_consent_port(const struct mms_consent *consent);

/*
 * Wait for the browser. Requests that are not of this consent are answered with an error page and wait on.
 * Owns: *code, a secret, mms_secret_free(). Errors: AUTH (the person, or the service, said no), STOPPED (the
 * flag, or out of time), NOMEM.
 */
mms_rc mms_consent_wait(struct mms_consent *consent, int64_t deadline_mono_ms,
			const atomic_bool *is_stopped, char **code,
			struct mms_err *err) MMS_MUST_CHECK;

/*
 * What a person pasted: the address that the browser was sent to, or the code out of it, which has no state.
 * Owns: *code. Errors: AUTH (as above; another consent's address; nothing in it), NOMEM.
 */
mms_rc mms_consent_read(const char *pasted, const char *state, char **code,
			struct mms_err *err) MMS_MUST_CHECK;

#endif
