/* Certificates of a file, counted by OpenSSL (see the header). */
#include "mmsync/authorities.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include <curl/curl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "mmsync/mem.h"

/* Debian's bundle has some 140. */
#define CERTIFICATES_MAX 10000

void
mms_authorities_release(struct mms_authorities *authorities)
{
	if (authorities == NULL)
		return;
	mms_free(authorities->path);
	*authorities = (struct mms_authorities){ 0 };
}

/* The end of the file, or of what can be read of it. */
static mms_rc
judge_end(struct mms_authorities *out, struct mms_err *err)
{
	unsigned long last = ERR_peek_last_error();
	int reason = ERR_GET_REASON(last);

	ERR_clear_error();
	if (reason == ERR_R_MALLOC_FAILURE)
		return mms_fail_nomem(err);
	out->is_damaged = last != 0 &&
			  !(ERR_GET_LIB(last) == ERR_LIB_PEM && reason == PEM_R_NO_START_LINE);
	return MMS_OK;
}

static mms_rc
count(FILE *file, time_t now, struct mms_authorities *out, struct mms_err *err)
{
	X509 *certificate = NULL;

	ERR_clear_error();
	while (out->n < CERTIFICATES_MAX &&
	       (certificate = PEM_read_X509_AUX(file, NULL, NULL, NULL)) != NULL) {
		out->n++;
		out->n_expired += X509_cmp_time(X509_get0_notAfter(certificate), &now) < 0;
		X509_free(certificate);
	}
	return judge_end(out, err);
}

mms_rc
mms_authorities_load(const char *path, int64_t now_ms, struct mms_authorities *out,
		     struct mms_err *err)
{
	struct stat st;
	mms_rc rc = MMS_OK;

	*out = (struct mms_authorities){ .is_system = path == NULL };
	if (path == NULL)
		path = curl_version_info(CURLVERSION_NOW)->cainfo;
	if (path == NULL)
		return MMS_OK;
	out->path = mms_text_copy(path);
	if (out->path == NULL)
		return mms_fail_nomem(err);
	FILE *file = fopen(path, "re");
	if (file == NULL) {
		out->open_errno = errno;
		return errno == ENOMEM ? mms_fail_nomem(err) : MMS_OK;
	}
	if (fstat(fileno(file), &st) == 0 && S_ISDIR(st.st_mode))
		out->open_errno = EISDIR;
	else
		rc = count(file, (time_t)(now_ms / 1000), out, err);
	(void)fclose(file);
	return rc;
}
