/* SPDX-License-Identifier: MIT */
#include "tools/gangctl/base/client.h"

#include "daemon/base/memory.h"
#include "tools/gangctl/base/complain.h"
#include "tools/gangctl/base/options.h"

#include <curl/curl.h>
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define CONNECT_SECONDS 5
/* gangd comments an event stream every 15 s, and gives pieces of the book much faster: this long a silence is a hang.
 */
#define SILENCE_SECONDS 60
#define REFUSAL_MAX     16384

/* One request under way. */
struct exchange {
    const struct client_request *request;
    CURL *curl;
    bool ended; /* by take() */
    char refusal[REFUSAL_MAX];
    size_t refusal_len;
};

static size_t on_body(char *text, size_t size, size_t n, void *data)
{
    struct exchange *x = data;
    size_t len = size * n;
    long status = 0;
    curl_easy_getinfo(x->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status / 100 == 2) {
        x->ended = !x->request->take(x->request->data, text, len);
        return x->ended ? 0 : len;
    }
    size_t room = sizeof(x->refusal) - 1 - x->refusal_len;
    size_t kept = len < room ? len : room;
    memcpy(x->refusal + x->refusal_len, text, kept);
    x->refusal_len += kept;
    return len;
}

/* Why the socket cannot be used, by trying: an errno, or 0. */
static int try_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path))
        return ENAMETOOLONG;
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int reason = fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ? errno : 0;
    if (fd >= 0)
        close(fd);
    return reason;
}

bool client_finds(const char *socket)
{
    int reason = try_socket(socket);
    return reason != ENOENT && reason != ECONNREFUSED;
}

static void complain_of_socket(const char *path)
{
    struct stat st;
    const struct group *group = NULL;
    int reason = try_socket(path);
    switch (reason) {
    case ENAMETOOLONG: complain("%s: too long for the path of a socket", path); break;
    case ENOENT: complain("gangd is not running: there is no socket %s", path); break;
    case ECONNREFUSED: complain("gangd is not running: connection refused on %s", path); break;
    case EACCES:
        if (stat(path, &st) == 0)
            group = getgrgid(st.st_gid);
        complain("no permission to use %s: join the group %s", path, group ? group->gr_name : "gangd");
        break;
    case 0: complain("gangd does not answer on %s", path); break;
    default: complain("%s: %s", path, strerror(reason)); break;
    }
}

/* `error`, or each of `errors` if there are more. */
static void complain_of_all(const char *error, const json_t *errors)
{
    const json_t *one;
    size_t i;
    if (json_array_size(errors) == 0)
        complain("%s", error);
    json_array_foreach((json_t *)errors, i, one) complain("%s", json_string_value(one) ? json_string_value(one) : "");
}

static int read_refusal(struct exchange *x, long status)
{
    x->refusal[x->refusal_len] = '\0';
    json_t *json = json_loads(x->refusal, 0, NULL);
    const char *error = json_string_value(json_object_get(json, "error"));
    int result = BROKEN;
    if (!error) {
        complain("gangd answered with HTTP status %ld and no reason", status);
    } else {
        complain_of_all(error, json_object_get(json, "errors"));
        result = status / 100 == 4 ? REFUSED : BROKEN;
    }
    json_decref(json);
    return result;
}

static int result_of(struct exchange *x, CURLcode code)
{
    const struct client_request *request = x->request;
    long status = 0;
    curl_easy_getinfo(x->curl, CURLINFO_RESPONSE_CODE, &status);
    if (x->ended)
        return DONE;
    if (status == 0) {
        if (!request->quiet)
            complain_of_socket(request->socket);
        return UNREACHABLE;
    }
    if (code != CURLE_OK) {
        if (!request->stream)
            complain("gangd's answer broke off");
        return BROKEN;
    }
    return status / 100 == 2 ? DONE : read_refusal(x, status);
}

static struct curl_slist *add_header(struct curl_slist *headers, const char *name, const char *value)
{
    char line[256];
    snprintf(line, sizeof(line), "%s: %s", name, value);
    struct curl_slist *longer = curl_slist_append(headers, line);
    return longer ? longer : headers;
}

int client_run(const struct client_request *request)
{
    struct exchange x = {.request = request, .curl = curl_easy_init()};
    if (!x.curl) {
        complain("libcurl cannot be initialised");
        return BROKEN;
    }
    char url[1536];
    snprintf(url, sizeof(url), "http://gangd%s", request->target);
    struct curl_slist *headers = NULL;
    if (request->post) {
        headers = add_header(headers, "X-Gangd", "1");
        curl_easy_setopt(x.curl, CURLOPT_POSTFIELDS, "");
    }
    if (request->last_id && request->last_id[0])
        headers = add_header(headers, "Last-Event-ID", request->last_id);
    curl_easy_setopt(x.curl, CURLOPT_URL, url);
    curl_easy_setopt(x.curl, CURLOPT_UNIX_SOCKET_PATH, request->socket);
    curl_easy_setopt(x.curl, CURLOPT_PROXY, ""); /* not the one of the environment */
    curl_easy_setopt(x.curl, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(x.curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(x.curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl_easy_setopt(x.curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(x.curl, CURLOPT_LOW_SPEED_TIME, (long)SILENCE_SECONDS);
    curl_easy_setopt(x.curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(x.curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(x.curl, CURLOPT_WRITEDATA, &x);
    int result = result_of(&x, curl_easy_perform(x.curl));
    curl_slist_free_all(headers);
    curl_easy_cleanup(x.curl);
    return result;
}

struct answer_text {
    char *bytes;
    size_t len;
};

static bool keep(void *data, const char *text, size_t len)
{
    struct answer_text *all = data;
    if (len == 0)
        return true;
    all->bytes = must_realloc(all->bytes, all->len + len, 1);
    memcpy(all->bytes + all->len, text, len);
    all->len += len;
    return true;
}

static int fetch(struct client_request request, json_t **json)
{
    struct answer_text all = {0};
    request.take = keep;
    request.data = &all;
    *json = NULL;
    int result = client_run(&request);
    if (result == DONE) {
        *json = all.bytes ? json_loadb(all.bytes, all.len, 0, NULL) : NULL;
        if (!json_is_object(*json)) {
            complain("gangd's answer is invalid");
            json_decref(*json);
            *json = NULL;
            result = BROKEN;
        }
    }
    free(all.bytes);
    return result;
}

int client_json(const char *socket, const char *target, bool post, json_t **json)
{
    return fetch((struct client_request){.socket = socket, .target = target, .post = post}, json);
}

int client_ask(const char *socket, const char *target, json_t **json)
{
    return fetch((struct client_request){.socket = socket, .target = target, .quiet = true}, json);
}
