/*
 * The address guard: a person's address must not become a way into the network that the program
 * runs in (server-side request forgery).
 *
 * Two gates. mms_guard_read() and mms_guard_follow() judge the text: scheme, spelling, port,
 * numeric hosts. mms_guard_may_reach() judges the numeric address of every socket before it is
 * connected, whatever name, redirect or DNS answer led to it; it is the one that decides.
 *
 * Source: the IANA special-purpose address registries (RFC 6890) as of 2026; docs/http.md.
 * Layer: net.
 */
#ifndef MMSYNC_GUARD_H
#define MMSYNC_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/err.h"

struct sockaddr;

/* A host and port that may be private. */
struct mms_guard_host {
	char *name; /* owned; lower case, ASCII, no brackets, no final dot */
	uint16_t port;
};

/* The rules. All zero: only public addresses. */
struct mms_guard {
	bool may_reach_private; /* http.allow_private_hosts */
	struct mms_guard_host *hosts;
	size_t n_hosts;
};

/*
 * Read http.allow_hosts ("host:port", "[2001:db8::5]:8080"); the texts are copied.
 * Errors: CONFIG (an entry is not of that form), NOMEM.
 */
mms_rc
mms_guard_init(struct mms_guard *guard, bool may_reach_private, const char *const *allow_hosts,
	       size_t n, struct mms_err *err) MMS_MUST_CHECK;
void mms_guard_release(struct mms_guard *guard);

/* Which addresses a socket may be connected to. */
enum mms_reach {
	MMS_REACH_PUBLIC, /* a feed                                                        */
	MMS_REACH_PRIVATE, /* unprotected http where https was asked for: only in our own network */
	MMS_REACH_ANY,     /* an allowed host; a service, which the operator has configured  */
};

/* Where a request goes. All zero is empty; texts are owned. */
struct mms_target {
	char *url; /* http or https, as it is sent: no user, no password, no fragment         */
	char *host; /* lower case, ASCII (IDN as xn--), no brackets, no final dot              */
	uint16_t port;
	bool is_tls;
	bool is_feed;
	bool is_redirected;    /* the address of a redirect                                   */
	char *user, *password; /* decoded; NULL: none. Never of a redirect                    */
	enum mms_reach reach;
};
void mms_target_release(struct mms_target *target);

/*
 * Read an address and judge its text. Of a feed: https, http, webcals (https) and webcal (https;
 * http where host and port are in http.allow_hosts). Of a service: https, and http where the
 * host may be private. Blanks around it are ignored.
 * Owns: *out. Errors: CONFIG (with a hint; texts name scheme and host, never more), NOMEM.
 */
mms_rc mms_guard_read(const struct mms_guard *guard, const char *url, bool is_feed,
		      struct mms_target *out, struct mms_err *err) MMS_MUST_CHECK;

/*
 * The target of a redirect, judged like a person's address. From https to http only where
 * the new host may be private.
 * Owns: *out. Errors: as mms_guard_read().
 */
mms_rc mms_guard_follow(const struct mms_guard *guard, const struct mms_target *from,
			const char *location, struct mms_target *out,
			struct mms_err *err) MMS_MUST_CHECK;

/*
 * May what was given for one target (user, password, the caller's headers) be sent to another?
 * Only to the same scheme, host and port, or to the same host when http on port 80 becomes
 * https on port 443.
 */
bool mms_guard_same_origin(const struct mms_target *a, const struct mms_target *b);

/*
 * What a numeric address is when it is not a public one: "a loopback address", "a private
 * network" ... NULL for a public address. Borrows: static.
 */
const char *mms_guard_range(const struct sockaddr *address);
/* The same for text ("192.0.2.1", "2001:db8::1"). */
const char *mms_guard_range_of_text(const char *address);

/* May a socket of this reach be connected to an address of this range (NULL: public)? */
bool mms_guard_may_reach(enum mms_reach reach, const char *range);

/*
 * CONFIG for an address that mms_guard_may_reach() refused, with the setting that would allow
 * it. The text leaves scheme and host to the caller.
 */
mms_rc
mms_guard_refuse(const struct mms_target *target, const char *range, struct mms_err *err);

#endif
