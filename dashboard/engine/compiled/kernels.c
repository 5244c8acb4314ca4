/* One training call for float and one for double: everything is in steps.inc, which is compiled for each.
 *
 * Vectors are GCC's and clang's own, 32 bytes wide, so that the same lines serve x86-64-v3 and aarch64.
 */
#include <math.h>
#include <stdint.h>
#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#define VECTOR_BYTES 32
#define ALWAYS static inline __attribute__((always_inline))
#define EXPORT __attribute__((visibility("default")))

/* Raised whenever any result may change in a bit: it is part of the path's name, which a run goes on with. */
EXPORT int weightbase_arithmetic(void) { return 1; }

#if defined(__x86_64__)
__attribute__((target("arch=x86-64"))) /* it must run where the answer is no */
#endif
EXPORT int weightbase_serves_this_machine(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
#else
    return 1;
#endif
}

/* numpy/random/bitgen.h: a stable part of numpy's C interface. */
typedef struct {
    void *state;
    uint64_t (*next_uint64)(void *state);
    uint32_t (*next_uint32)(void *state);
    double (*next_double)(void *state);
    uint64_t (*next_raw)(void *state);
} Bits;

/* What the library computes, by the names that the engine has for it, in the order of their numbers. */
EXPORT const char *weightbase_activations(void) {
    return "identity sigmoid tanh relu leaky_relu elu gelu silu softplus softmax";
}
EXPORT const char *weightbase_losses(void) {
    return "squared_error absolute_error huber binary_cross_entropy cross_entropy";
}
EXPORT const char *weightbase_optimizers(void) { return "sgd momentum nesterov rmsprop adam adamw"; }

enum { IDENTITY, SIGMOID, TANH, RELU, LEAKY_RELU, ELU, GELU, SILU, SOFTPLUS, SOFTMAX };
enum { SQUARED_ERROR, ABSOLUTE_ERROR, HUBER, BINARY_CROSS_ENTROPY, CROSS_ENTROPY };
enum { SGD, MOMENTUM, NESTEROV, RMSPROP, ADAM, ADAMW };

/* One layer; `weights`, `gradient` and `slots` are panels, `values`, `sums`, `delta` and `mask` rows of `lead` numbers.
 * A panel holds 64 bytes of columns for every row, the biases being the last row: (panels, rows, columns of a panel). */
typedef struct {
    int64_t inputs, units, lead, rows, panels, activation, has_bias, trains;
    double keep;
    void *weights, *gradient, *slots[2], *values, *sums, *delta, *mask;
} Layer;

typedef struct {
    int64_t layers, lowest, loss, optimizer, batch, sparse, lazy, widest;
    double background, momentum, weight_decay, l1, l2, clip_norm;
    Layer *layer;
    void *turned;            /* (units of the widest layer, batch padded): a delta across */
    void *sums, *shift;      /* (lead of the first layer): ΣV and D of the sparse rule, see steps.inc */
    void *differing;             /* (2, widest inputs): the numbers that are not background */
    int64_t *places;         /* (2, widest inputs): where they are */
    int64_t *seen;           /* (inputs): after which step of this call a row of the first layer was last moved */
    void *factors, *epsilons; /* (steps of a call): Adam's numbers of each step */
    double *powers;          /* (steps of a call + 1): the decay to each power */
    void *packed;            /* (batch · TILE columns at once): inputs in the order in which a product reads them */
    Bits *bits;
} Plan;

/* Rows of a chunk; the strides of targets and record count numbers. */
typedef struct {
    int64_t rows, inputs_lead, target_row, target_column, record_row, record_column, steps;
    double rate;
    const void *inputs, *targets, *weights; /* weights: one of each record, or NULL */
    void *record;
} Rows;

#define T float
#define NAME(name) name##_float
#define M(function) function##f
#define IS_FLOAT 1
#define ROOTS _mm256_sqrt_ps
#include "steps.inc"
#undef T
#undef NAME
#undef M
#undef IS_FLOAT
#undef ROOTS

#define T double
#define NAME(name) name##_double
#define M(function) function
#define IS_FLOAT 0
#define ROOTS _mm256_sqrt_pd
#include "steps.inc"
