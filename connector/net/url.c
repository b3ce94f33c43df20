/* Addresses through libcurl's parser (see url.h), and what of them may be shown. */
#include "url.h"

#include <locale.h>
#include <string.h>

#include "mmsync/http.h"
#include "mmsync/mem.h"

void
mms_url_release(struct mms_url *url)
{
	curl_url_cleanup(url->handle);
	url->handle = NULL;
}

void
mms_url_text_release(struct mms_url_text *text)
{
	curl_free(text->ptr);
	text->ptr = NULL;
}

CURLUcode
mms_url_set(const struct mms_url *url, CURLUPart part, const char *text)
{
	return curl_url_set(url->handle, part, text,
			    CURLU_NON_SUPPORT_SCHEME | CURLU_URLENCODE | CURLU_ALLOW_SPACE);
}

mms_rc
mms_url_get(const struct mms_url *url, CURLUPart part, unsigned flags, struct mms_url_text *out,
	    struct mms_err *err)
{
	CURLUcode code = curl_url_get(url->handle, part, &out->ptr, flags);
	bool is_absent = code == CURLUE_NO_USER || code == CURLUE_NO_PASSWORD ||
			 code == CURLUE_NO_PORT || code == CURLUE_NO_HOST;

	if (code == CURLUE_OK || is_absent)
		return MMS_OK;
	if (code == CURLUE_OUT_OF_MEMORY)
		return mms_fail_nomem(err);
	return mms_fail(err, MMS_E_ITEM, "a part of the address cannot be decoded");
}

static bool
is_ascii(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text >= 0x80)
			return false;
	return true;
}

/*
 * The library converts names by the locale's charset, and the program runs in the C locale:
 * this thread gets a UTF-8 one for the time of the call. In 7.88.1 a name that cannot be
 * converted is told as out of memory, so it counts as a bad name here.
 */
static mms_rc
get_idn(const struct mms_url *url, struct mms_url_text *out, struct mms_err *err)
{
	CURLUcode code = CURLUE_LACKS_IDN;
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);

	if (utf8 != (locale_t)0) {
		locale_t before = uselocale(utf8);

		code = curl_url_get(url->handle, CURLUPART_HOST, &out->ptr, CURLU_PUNYCODE);
		(void)uselocale(before);
		freelocale(utf8);
	}
	if (code != CURLUE_OK)
		return mms_fail(err, MMS_E_ITEM, "the host name cannot be written in ASCII");
	return MMS_OK;
}

static void
lower(char *text)
{
	for (; *text != '\0'; text++)
		if (*text >= 'A' && *text <= 'Z')
			*text = (char)(*text - 'A' + 'a');
}

mms_rc
mms_url_host(const struct mms_url *url, char **out, struct mms_err *err)
{
	MMS_AUTO(mms_url_text) host = { 0 }, ascii = { 0 };
	mms_rc rc = mms_url_get(url, CURLUPART_HOST, 0, &host, err);

	if (rc != MMS_OK)
		return rc;
	if (host.ptr != NULL && !is_ascii(host.ptr)) {
		rc = get_idn(url, &ascii, err);
		if (rc != MMS_OK)
			return rc;
	}
	const char *text = ascii.ptr != NULL ? ascii.ptr : host.ptr;
	size_t len = text != NULL ? strlen(text) : 0;
	if (len > 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	} else if (len > 1 && text[len - 1] == '.') {
		len--;
	}
	if (len == 0)
		return mms_fail(err, MMS_E_ITEM, "no host name");
	*out = mms_text_copy_n(text, len);
	if (*out == NULL)
		return mms_fail_nomem(err);
	lower(*out);
	return MMS_OK;
}

void
mms_url_add_origin(struct mms_str *out, const char *scheme, const char *host)
{
	bool is_v6 = strchr(host, ':') != NULL;

	mms_str_addf(out, is_v6 ? "%s://[%s]" : "%s://%s", scheme, host);
}

/* The scheme, when it is one that may be shown: anything else may be a pasted secret. */
static const char *
find_known_scheme(const struct mms_url *url)
{
	static const char *const known[] = { "https", "http", "webcals", "webcal" };
	MMS_AUTO(mms_url_text) scheme = { 0 };
	MMS_AUTO(mms_err) ignored = { 0 };

	if (mms_url_get(url, CURLUPART_SCHEME, 0, &scheme, &ignored) != MMS_OK ||
	    scheme.ptr == NULL)
		return NULL;
	for (size_t i = 0; i < MMS_COUNT(known); i++)
		if (strcmp(scheme.ptr, known[i]) == 0)
			return known[i];
	return NULL;
}

void
mms_http_add_origin(struct mms_str *out, const char *url)
{
	MMS_AUTO(mms_url) parsed = { curl_url() };
	MMS_AUTO(mms_err) ignored = { 0 };
	const char *scheme = NULL;
	char *host = NULL;

	url += strspn(url, " \t\r\n");
	if (parsed.handle != NULL && mms_url_set(&parsed, CURLUPART_URL, url) == CURLUE_OK)
		scheme = find_known_scheme(&parsed);
	if (scheme != NULL && mms_url_host(&parsed, &host, &ignored) == MMS_OK && host != NULL)
		mms_url_add_origin(out, scheme, host);
	else
		mms_str_add(out, "(unreadable address)");
	mms_free(host);
}
