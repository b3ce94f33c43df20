/*
 * Feeds fetched once in a run, however many integrations read the same address. The first
 * reader fetches, the others wait for its outcome; a body is kept until its last expected
 * reader has it.
 */
#include "feed_cache.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "mmsync/digest.h"
#include "mmsync/mem.h"
#include "mmsync/request.h"
#include "mmsync/spool.h"

enum fetch_state { FETCH_IDLE, FETCH_BUSY, FETCH_SAME, FETCH_BODY, FETCH_FAILED };

struct entry {
	struct entry *next;
	char *url;
	char *cursor;      /* what the expected readers know; NULL: nothing     */
	bool is_mixed;     /* they do not all know the same                     */
	size_t n_expected; /* readers still to come                             */
	enum fetch_state state;
	int fd;           /* of a body; 0: none                                */
	char *new_cursor; /* validators of the body                            */
	char *charset;    /* of its Content-Type; NULL: not told */
	struct mms_err failure;
};

struct mms_feed_cache {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct entry *first;
};

mms_rc
mms_feed_cache_new(struct mms_feed_cache **out, struct mms_err *err)
{
	struct mms_feed_cache *cache = mms_alloc(sizeof *cache);

	if (cache == NULL)
		return mms_fail_nomem(err);
	if (pthread_mutex_init(&cache->lock, NULL) != 0 ||
	    pthread_cond_init(&cache->changed, NULL) != 0) {
		mms_free(cache);
		return mms_fail_nomem(err);
	}
	*out = cache;
	return MMS_OK;
}

void
mms_feed_cache_free(struct mms_feed_cache *cache)
{
	if (cache == NULL)
		return;
	while (cache->first != NULL) {
		struct entry *e = cache->first;

		cache->first = e->next;
		if (e->fd > 0)
			(void)close(e->fd);
		mms_free(e->url);
		mms_free(e->cursor);
		mms_free(e->new_cursor);
		mms_free(e->charset);
		mms_err_release(&e->failure);
		mms_free(e);
	}
	(void)pthread_mutex_destroy(&cache->lock);
	(void)pthread_cond_destroy(&cache->changed);
	mms_free(cache);
}

static struct entry *
find_entry(struct mms_feed_cache *cache, const char *url)
{
	struct entry *e = cache->first;

	while (e != NULL && strcmp(e->url, url) != 0)
		e = e->next;
	return e;
}

static struct entry *
add_entry(struct mms_feed_cache *cache, const char *url)
{
	struct entry *e = mms_alloc(sizeof *e);

	if (e == NULL)
		return NULL;
	e->url = mms_text_copy(url);
	if (e->url == NULL) {
		mms_free(e);
		return NULL;
	}
	e->next = cache->first;
	cache->first = e;
	return e;
}

mms_rc
mms_feed_cache_expect(struct mms_feed_cache *cache, const char *url, const char *cursor,
		      struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	(void)pthread_mutex_lock(&cache->lock);
	struct entry *e = find_entry(cache, url);
	bool is_first = e == NULL;
	if (is_first)
		e = add_entry(cache, url);
	if (e == NULL) {
		rc = mms_fail_nomem(err);
	} else if (is_first && cursor != NULL) {
		e->cursor = mms_text_copy(cursor);
		if (e->cursor == NULL)
			rc = mms_fail_nomem(err);
	} else if (!is_first) {
		e->is_mixed = e->is_mixed || (cursor == NULL) != (e->cursor == NULL) ||
			      (cursor != NULL && strcmp(cursor, e->cursor) != 0);
	}
	if (rc == MMS_OK)
		e->n_expected++;
	(void)pthread_mutex_unlock(&cache->lock);
	return rc;
}

/*
 * A feed's cursor: the address (as a digest: it is a secret) and the validators that the server
 * gave, one a line. NULL fields are empty lines.
 */
#define CURSOR_HEAD "feed1\n"
/* Headers are shorter than this in all (net/http_head.c). */
#define CURSOR_BYTES ((size_t)128 * 1024)

static mms_rc
make_cursor(const char *url, const struct mms_http_answer *answer, char **out,
	    struct mms_err *err)
{
	MMS_AUTO(mms_str) text = { 0 };
	unsigned char hash[MMS_SHA256_BYTES];
	char hex[MMS_SHA256_TEXT];

	mms_rc rc = mms_sha256(url, strlen(url), hash, err);
	if (rc != MMS_OK)
		return rc;
	mms_str_addf(&text, CURSOR_HEAD "%s\n%s\n%s", mms_hex_print(hash, sizeof hash, hex),
		     answer->etag != NULL ? answer->etag : "",
		     answer->last_modified != NULL ? answer->last_modified : "");
	*out = mms_str_take(&text);
	return *out != NULL ? MMS_OK : mms_fail_nomem(err);
}

/* Take a cursor apart in place: false when it is of another address or form. */
static mms_rc
read_cursor(char *cursor, const char *url, char **etag, char **modified, struct mms_err *err)
{
	unsigned char hash[MMS_SHA256_BYTES];
	char hex[MMS_SHA256_TEXT];

	*etag = *modified = NULL;
	mms_rc rc = mms_sha256(url, strlen(url), hash, err);
	if (rc != MMS_OK || strncmp(cursor, CURSOR_HEAD, strlen(CURSOR_HEAD)) != 0)
		return rc;
	char *digest = cursor + strlen(CURSOR_HEAD);
	char *first = strchr(digest, '\n');
	char *second = first != NULL ? strchr(first + 1, '\n') : NULL;
	if (second == NULL)
		return MMS_OK;
	*first = *second = '\0';
	if (strcmp(digest, mms_hex_print(hash, sizeof hash, hex)) != 0)
		return MMS_OK;
	*etag = first[1] != '\0' ? first + 1 : NULL;
	*modified = second[1] != '\0' ? second + 1 : NULL;
	return MMS_OK;
}

bool
feed_cursor_is_whole(const char *text)
{
	size_t head = strlen(CURSOR_HEAD), digits = 2 * (size_t)MMS_SHA256_BYTES, lines = 0;

	if (strlen(text) > CURSOR_BYTES || strncmp(text, CURSOR_HEAD, head) != 0 ||
	    strspn(text + head, "0123456789abcdef") != digits || text[head + digits] != '\n')
		return false;
	for (const char *p = text + head + digits; *p != '\0'; p++) {
		lines += *p == '\n';
		if ((unsigned char)*p < ' ' && *p != '\n' && *p != '\t')
			return false;
	}
	return lines == 2;
}

/* What a status means for a feed; 200 and 304 are the caller's. */
static mms_rc
tell_status(const char *url, long status, struct mms_err *err)
{
	MMS_AUTO(mms_str) origin = { 0 };

	mms_http_add_origin(&origin, url);
	const char *where = mms_str_get(&origin);
	if (status == 401 || status == 403) {
		mms_fail(err, MMS_E_AUTH, "%s refuses the feed's address (%ld)", where, status);
		return mms_hint(err,
				"the address may have been withdrawn: copy it anew from the "
				"calendar's settings into the integration");
	}
	if (status == 404 || status == 410) {
		mms_fail(err, MMS_E_GONE, "%s has no feed at this address (%ld)", where,
			 status);
		return mms_hint(err,
				"check the iCal URL of the integration; its events are kept "
				"as they were");
	}
	if (status >= 400) {
		mms_fail(err, MMS_E_CONFIG, "%s answers %ld", where, status);
		return mms_hint(err, "check the iCal URL of the integration");
	}
	return mms_fail(err, MMS_E_RETRY, "%s answers %ld in place of a feed", where, status);
}

static mms_rc
judge_status(const char *url, long status, struct mms_err *err)
{
	tell_status(url, status, err);
	return mms_blame_status(err, status);
}

/* "text/calendar; charset=ISO-8859-1": the charset, owned; *out NULL where it does not say. */
static mms_rc
find_charset(const char *content_type, char **out, struct mms_err *err)
{
	const char *at = content_type != NULL ? strcasestr(content_type, "charset=") : NULL;

	*out = NULL;
	if (at == NULL)
		return MMS_OK;
	at += strlen("charset=");
	at += *at == '"';
	size_t len = strcspn(at, "\"; \t");
	*out = mms_text_copy_n(at, len);
	return *out != NULL ? MMS_OK : mms_fail_nomem(err);
}

static mms_rc
keep_headers(const char *url, const struct mms_http_answer *answer, struct mms_feed_body *out,
	     struct mms_err *err)
{
	mms_rc rc = find_charset(answer->content_type, &out->charset, err);

	return rc == MMS_OK ? make_cursor(url, answer, &out->cursor, err) : rc;
}

static mms_rc
fetch(const struct mms_provider_env *env, const char *url, const char *cursor,
      struct mms_request_counts *counts, struct mms_feed_body *out, struct mms_err *err)
{
	MMS_AUTO(mms_http_answer) answer = { 0 };
	struct mms_http_request request = { .url = url,
					    .is_feed = true,
					    .deadline_mono_ms = env->deadline_mono_ms,
					    .is_stopped = env->is_stopped };
	char *known = cursor != NULL ? mms_text_copy(cursor) : NULL, *etag = NULL,
	     *modified = NULL;
	int fd = 0;
	mms_rc rc = MMS_OK;

	*out = (struct mms_feed_body){ 0 };
	if (cursor != NULL && known == NULL)
		return mms_fail_nomem(err);
	if (known != NULL)
		rc = read_cursor(known, url, &etag, &modified, err);
	request.if_none_match = etag;
	request.if_modified_since = modified;
	if (rc == MMS_OK)
		rc = mms_spool_open(env->spool_dir, &fd, err);
	request.body_fd = fd;
	if (rc == MMS_OK)
		rc = mms_request_run(env, &request, counts, &answer, err);
	bool was_asked = etag != NULL || modified != NULL;
	mms_free(known);
	if (rc == MMS_OK && answer.status == 304 && was_asked)
		out->is_same = true;
	else if (rc == MMS_OK && answer.status == 200)
		rc = keep_headers(url, &answer, out, err);
	else if (rc == MMS_OK)
		rc = judge_status(url, answer.status, err);
	if (rc == MMS_OK && !out->is_same) {
		out->fd = fd;
	} else if (fd > 0) {
		(void)close(fd);
	}
	return rc;
}

void
mms_feed_body_release(struct mms_feed_body *body)
{
	if (body == NULL)
		return;
	if (body->fd > 0)
		(void)close(body->fd);
	mms_free(body->cursor);
	mms_free(body->charset);
	*body = (struct mms_feed_body){ 0 };
}

/*
 * The outcome that is there, for one more reader: each has a descriptor of its own (readers use
 * pread, so that a shared position does not matter); the last one takes the cache's.
 */
static mms_rc
hand_out(struct entry *e, struct mms_feed_body *out, struct mms_err *err)
{
	*out = (struct mms_feed_body){ 0 };
	if (e->n_expected > 0)
		e->n_expected--;
	if (e->state == FETCH_FAILED) {
		mms_fail(err, e->failure.code, "%s", mms_err_text(&e->failure));
		err->retry_at_ms = e->failure.retry_at_ms;
		err->blame = e->failure.blame;
		return mms_hint(err, "%s", mms_err_hint(&e->failure));
	}
	if (e->state == FETCH_SAME) {
		out->is_same = true;
		return MMS_OK;
	}
	out->cursor = mms_text_copy(e->new_cursor);
	out->charset = mms_text_copy(e->charset);
	if (out->cursor == NULL || (e->charset != NULL && out->charset == NULL))
		return mms_fail_nomem(err);
	if (e->n_expected > 0) {
		out->fd = fcntl(e->fd, F_DUPFD_CLOEXEC, 3);
		return out->fd > 0
			       ? MMS_OK
			       : mms_fail(err, MMS_E_RETRY, "no file descriptor for a feed");
	}
	out->fd = e->fd;
	e->fd = 0;
	e->state = FETCH_IDLE;
	return MMS_OK;
}

/* Does what was fetched answer a reader who knows this cursor? */
static bool
answers(const struct entry *e, const char *cursor)
{
	if (e->state == FETCH_SAME)
		return cursor != NULL && e->cursor != NULL && strcmp(cursor, e->cursor) == 0;
	return e->state == FETCH_BODY || e->state == FETCH_FAILED;
}

static void
keep_outcome(struct entry *e, mms_rc rc, struct mms_feed_body *body, struct mms_err *err)
{
	mms_free(e->new_cursor);
	e->new_cursor = NULL;
	if (rc != MMS_OK) {
		e->state = FETCH_FAILED;
		mms_err_move(&e->failure, err);
	} else if (body->is_same) {
		e->state = FETCH_SAME;
	} else {
		if (e->fd > 0)
			(void)close(e->fd);
		e->state = FETCH_BODY;
		e->fd = body->fd;
		e->new_cursor = body->cursor;
		mms_free(e->charset);
		e->charset = body->charset;
		*body = (struct mms_feed_body){ 0 };
	}
}

mms_rc
mms_feed_cache_get(struct mms_feed_cache *cache, const struct mms_provider_env *env,
		   const char *url, const char *cursor, struct mms_request_counts *counts,
		   struct mms_feed_body *out, struct mms_err *err)
{
	MMS_AUTO(mms_feed_body) body = { 0 };

	(void)pthread_mutex_lock(&cache->lock);
	struct entry *e = find_entry(cache, url);
	if (e == NULL)
		e = add_entry(cache, url);
	if (e == NULL) {
		(void)pthread_mutex_unlock(&cache->lock);
		return mms_fail_nomem(err);
	}
	while (e->state == FETCH_BUSY)
		(void)pthread_cond_wait(&cache->changed, &cache->lock);
	if (!answers(e, cursor)) {
		e->state = FETCH_BUSY;
		(void)pthread_mutex_unlock(&cache->lock);
		mms_rc rc = fetch(env, url, e->is_mixed ? NULL : cursor, counts, &body, err);
		(void)pthread_mutex_lock(&cache->lock);
		keep_outcome(e, rc, &body, err);
		(void)pthread_cond_broadcast(&cache->changed);
	}
	mms_rc rc = hand_out(e, out, err);
	(void)pthread_mutex_unlock(&cache->lock);
	return rc;
}

mms_rc
mms_feed_fetch(const struct mms_provider_env *env, const char *url, int *fd, char **charset,
	       struct mms_err *err)
{
	MMS_AUTO(mms_feed_body) body = { 0 };
	struct mms_request_counts counts = { 0 };

	mms_rc rc = fetch(env, url, NULL, &counts, &body, err);
	if (rc == MMS_OK) {
		*fd = body.fd;
		body.fd = 0;
		*charset = body.charset;
		body.charset = NULL;
	}
	return rc;
}
