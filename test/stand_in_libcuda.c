/* A CUDA driver whose GPU is this process's own memory.
 *
 * It carries out what it is told, late: work that is queued on a stream runs when the stream is
 * synchronised, so that a caller who forgets to wait reads old data. It refuses what the real one
 * refuses: calls without a current context, allocations and waiting while a stream is captured.
 * The functions stand_in_* let a test look inside and make calls fail. Numbers of errors and
 * attributes are those of cuda.h.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OK = 0, INVALID = 1, OUT_OF_MEMORY = 2, NO_CONTEXT = 201, NOT_FOUND = 500, IN_CAPTURE = 900 };
enum { MAX_NODES = 256, MAX_DEPTH = 16, MAX_LIVE = 256 };

typedef struct { void *to; const void *from; size_t size; void (*call)(void *); void *data; } Node;
typedef struct { Node nodes[MAX_NODES]; int count; } Work;
typedef struct { Work queued, captured; int capturing, broken; } Stream;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char journal[1 << 16], failing[64];
static int failing_code, is_integrated, retained, live;
static size_t memory_left = (size_t)1 << 40;
static struct { void *address; size_t size; } blocks[MAX_LIVE];
static __thread void *contexts[MAX_DEPTH];
static __thread int depth;
static int the_context, captures;

void stand_in_fail(const char *name, int code) { snprintf(failing, sizeof failing, "%s", name); failing_code = code; }
void stand_in_integrated(int yes) { is_integrated = yes; }
void stand_in_memory(size_t bytes) { memory_left = bytes; }
int stand_in_live(void) { return live; }
int stand_in_retained(void) { return retained; }
int stand_in_depth(void) { return depth; }
int stand_in_captures(void) { return captures; }
const char *stand_in_journal(void) { return journal; }
void stand_in_forget(void) { journal[0] = 0; }

/* Writes the call down; its result is the failure that a test has ordered. */
static int called(const char *name) {
    pthread_mutex_lock(&lock);
    if (strlen(journal) + strlen(name) + 2 < sizeof journal) strcat(strcat(journal, name), " ");
    int code = strcmp(failing, name) ? OK : failing_code;
    if (code) failing[0] = 0;
    pthread_mutex_unlock(&lock);
    return code;
}
#define CALLED do { int code = called(__func__); if (code) return code; } while (0)
#define CURRENT do { CALLED; if (!depth) return NO_CONTEXT; } while (0)

int cuInit(unsigned flags) { CALLED; return OK; }
int cuDriverGetVersion(int *version) { *version = 12060; return OK; }
int cuDeviceGet(int *device, int ordinal) { CALLED; *device = ordinal; return ordinal ? 101 : OK; }
int cuDeviceGetCount(int *count) { *count = 1; return OK; }
int cuDeviceGetName(char *name, int size, int device) { snprintf(name, size, "Stand-in GPU"); return OK; }
int cuDeviceComputeCapability(int *major, int *minor, int device) { *major = 8; *minor = 7; return OK; }
int cuDeviceGetAttribute(int *value, int attribute, int device) {
    *value = attribute == 75 ? 8 : attribute == 76 ? 7 : attribute == 18 ? is_integrated : 0;
    return OK;
}
int cuGetErrorString(int code, const char **text) { *text = "stand-in error"; return OK; }
int cuGetErrorName(int code, const char **text) { *text = "CUDA_ERROR_STAND_IN"; return OK; }

int cuDevicePrimaryCtxRetain(void **context, int device) { CALLED; retained++; *context = &the_context; return OK; }
int cuDevicePrimaryCtxRelease_v2(int device) { CALLED; retained--; return OK; }
int cuCtxPushCurrent_v2(void *context) { CALLED; contexts[depth++] = context; return OK; }
int cuCtxPopCurrent_v2(void **context) {
    CALLED;
    if (!depth) return NO_CONTEXT;
    void *top = contexts[--depth];
    if (context) *context = top;
    return OK;
}
int cuCtxGetCurrent(void **context) { *context = depth ? contexts[depth - 1] : NULL; return OK; }
int cuCtxSetCurrent(void *context) { depth = 0; if (context) contexts[depth++] = context; return OK; }
int cuCtxGetDevice(int *device) { *device = 0; return depth ? OK : NO_CONTEXT; }
int cuCtxGetApiVersion(void *context, unsigned *version) { *version = 12060; return OK; }
int cuCtxSynchronize(void) { CURRENT; return OK; }

static int allocate(void **address, size_t size, size_t *left) {
    if (captures) return IN_CAPTURE;
    if (size > *left) return OUT_OF_MEMORY;
    for (int i = 0; i < MAX_LIVE; i++) if (!blocks[i].address) {
        *address = blocks[i].address = malloc(size);
        memset(*address, 0xAB, size); /* what nobody wrote is not zero */
        blocks[i].size = size;
        *left -= size;
        live++;
        return OK;
    }
    return OUT_OF_MEMORY;
}
static int release(void *address, size_t *left) {
    for (int i = 0; i < MAX_LIVE; i++) if (address && blocks[i].address == address) {
        *left += blocks[i].size;
        blocks[i].address = NULL;
        free(address);
        live--;
        return OK;
    }
    return INVALID;
}
static size_t host_left = (size_t)1 << 40;
int cuMemAlloc_v2(void **address, size_t size) { CURRENT; return allocate(address, size, &memory_left); }
int cuMemFree_v2(void *address) { CURRENT; return release(address, &memory_left); }
int cuMemHostAlloc(void **address, size_t size, unsigned flags) { CURRENT; return allocate(address, size, &host_left); }
int cuMemAllocHost_v2(void **address, size_t size) { CURRENT; return allocate(address, size, &host_left); }
int cuMemFreeHost(void *address) { CURRENT; return release(address, &host_left); }
int cuMemHostGetDevicePointer_v2(void **device, void *host, unsigned flags) { CURRENT; *device = host; return OK; }

int cuStreamCreate(Stream **stream, unsigned flags) { CURRENT; *stream = calloc(1, sizeof(Stream)); live++; return OK; }
int cuStreamDestroy_v2(Stream *stream) { CURRENT; free(stream); live--; return OK; }
static void run(Work *work) {
    for (int i = 0; i < work->count; i++) {
        Node *node = &work->nodes[i];
        if (node->call) node->call(node->data); else memcpy(node->to, node->from, node->size);
    }
}
static int queue(Stream *stream, Node node) {
    Work *work = stream->capturing ? &stream->captured : &stream->queued;
    if (work->count == MAX_NODES) return INVALID;
    work->nodes[work->count++] = node;
    return OK;
}
int cuStreamSynchronize(Stream *stream) {
    CURRENT;
    if (stream->capturing) { stream->broken = 1; return IN_CAPTURE; }
    run(&stream->queued);
    stream->queued.count = 0;
    return OK;
}
int cuMemcpyHtoDAsync_v2(void *to, const void *from, size_t size, Stream *stream) {
    CURRENT; return queue(stream, (Node){to, from, size, NULL, NULL});
}
int cuMemcpyDtoHAsync_v2(void *to, const void *from, size_t size, Stream *stream) {
    CURRENT; return queue(stream, (Node){to, from, size, NULL, NULL});
}
int cuLaunchHostFunc(Stream *stream, void (*call)(void *), void *data) {
    CURRENT; return queue(stream, (Node){NULL, NULL, 0, call, data});
}

int cuStreamBeginCapture_v2(Stream *stream, int mode) {
    CURRENT;
    if (stream->capturing) return INVALID;
    stream->capturing = 1, stream->broken = 0, stream->captured.count = 0, captures++;
    return OK;
}
int cuStreamEndCapture(Stream *stream, Work **graph) {
    *graph = NULL;
    int code = called(__func__);
    if (!stream->capturing) return INVALID;
    stream->capturing = 0, captures--;
    if (code || stream->broken) return code ? code : IN_CAPTURE + 1;
    *graph = malloc(sizeof(Work));
    **graph = stream->captured;
    live++;
    return OK;
}
int cuGraphInstantiateWithFlags(Work **executable, Work *graph, unsigned long long flags) {
    CURRENT;
    *executable = malloc(sizeof(Work));
    **executable = *graph;
    live++;
    return OK;
}
int cuGraphDestroy(Work *graph) { called(__func__); free(graph); live--; return OK; }
int cuGraphExecDestroy(Work *graph) { called(__func__); free(graph); live--; return OK; }
int cuGraphLaunch(Work *graph, Stream *stream) {
    CURRENT;
    for (int i = 0; i < graph->count; i++) { int code = queue(stream, graph->nodes[i]); if (code) return code; }
    return OK;
}

/* cuda-python asks for every function by the name without its version. */
int cuGetProcAddress_v2(const char *name, void **found, int version, uint64_t flags, int *status) {
    char versioned[128];
    const char *suffixes[] = {"_v2", ""};
    for (int i = 0; i < 2; i++) {
        snprintf(versioned, sizeof versioned, "%s%s", name, suffixes[i]);
        if ((*found = dlsym(RTLD_DEFAULT, versioned))) { if (status) *status = 0; return OK; }
    }
    if (status) *status = 1;
    return NOT_FOUND;
}
int cuGetProcAddress(const char *name, void **found, int version, uint64_t flags) {
    return cuGetProcAddress_v2(name, found, version, flags, NULL);
}
