// Batch norms and the weighted sum of their results, in as few passes over memory as that takes.
//
// A row is all pixels of all images of one channel. One task is one row of the result, or one row of values that all
// edges share, so every sum has a fixed order, whatever the number of threads.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace {

template <typename T>
struct Term {
    const T* values;    // (kinds, edges or 1, sources, rows, length)
    const T* scale;     // (kinds, edges, sources), or (kinds, edges, sources, rows)
    T* gradient;        // of the values
    T* scale_gradient;  // (kinds, edges, sources, rows)
    T *mean, *factor;   // (kinds, edges or 1, sources, rows): of the batch, and one over the standard deviation
    T* var;             // unbiased
    int64_t kinds;
    bool shared, normed, by_row;
};

struct Sizes {
    int64_t edges, sources, rows, length;
};

template <typename T>
struct Mixture {
    std::vector<Term<T>> terms;
    Sizes sizes;
    T eps;

    int64_t scale_at(const Term<T>& term, int64_t kind, int64_t edge, int64_t source, int64_t row) const {
        const int64_t at = (kind * sizes.edges + edge) * sizes.sources + source;
        return term.by_row ? at * sizes.rows + row : at;
    }

    int64_t row_at(const Term<T>& term, int64_t kind, int64_t edge, int64_t source, int64_t row) const {
        const int64_t place = term.shared ? kind : kind * sizes.edges + edge;
        return (place * sizes.sources + source) * sizes.rows + row;
    }
};

constexpr int64_t BLOCK = 256;

// In blocks, so that single precision loses little.
template <typename T, typename F>
T sum_of(int64_t length, F element) {
    T sum = 0;
    for (int64_t from = 0; from < length; from += BLOCK) {
        const int64_t to = std::min(from + BLOCK, length);
        T part = 0;
#pragma omp simd reduction(+ : part)
        for (int64_t at = from; at < to; ++at) part += element(at);
        sum += part;
    }
    return sum;
}

template <typename T>
void measure(const Term<T>& term, int64_t at, int64_t length, T eps) {
    const T* values = term.values + at * length;
    if (!term.normed) return;
    const T mean = sum_of<T>(length, [&](int64_t i) { return values[i]; }) / static_cast<T>(length);
    const T squares = sum_of<T>(length, [&](int64_t i) { return (values[i] - mean) * (values[i] - mean); });
    term.mean[at] = mean;
    term.var[at] = squares / static_cast<T>(length - 1);
    term.factor[at] = T(1) / std::sqrt(squares / static_cast<T>(length) + eps);
}

template <typename T>
void add_row(T* result, const T* values, T factor, T shift, int64_t length) {
#pragma omp simd
    for (int64_t i = 0; i < length; ++i) result[i] += factor * values[i] + shift;
}

template <typename T>
void mix_row(const Mixture<T>& mixture, int64_t edge, int64_t row, const T* before, const T* bias, T* result) {
    const Sizes& sizes = mixture.sizes;
    const T start = bias ? *bias : T(0);
    for (int64_t i = 0; i < sizes.length; ++i) result[i] = before ? before[i] + start : start;
    for (const Term<T>& term : mixture.terms) {
        for (int64_t kind = 0; kind < term.kinds; ++kind) {
            for (int64_t source = 0; source < sizes.sources; ++source) {
                const int64_t at = mixture.row_at(term, kind, edge, source, row);
                if (!term.shared) measure(term, at, sizes.length, mixture.eps);
                const T scale = term.scale[mixture.scale_at(term, kind, edge, source, row)];
                const T factor = term.normed ? scale * term.factor[at] : scale;
                const T shift = term.normed ? -factor * term.mean[at] : T(0);
                add_row(result, term.values + at * sizes.length, factor, shift, sizes.length);
            }
        }
    }
}

template <typename T>
void forward(const Mixture<T>& mixture, const T* before, const T* bias, T* result, int threads) {
    const Sizes& sizes = mixture.sizes;
#pragma omp parallel num_threads(threads)
    {
        for (const Term<T>& term : mixture.terms) {
            if (!term.shared || !term.normed) continue;
#pragma omp for schedule(static)
            for (int64_t at = 0; at < term.kinds * sizes.sources * sizes.rows; ++at)
                measure(term, at, sizes.length, mixture.eps);
        }
#pragma omp for schedule(static)
        for (int64_t at = 0; at < sizes.edges * sizes.rows; ++at) {
            const T* so_far = before ? before + at * sizes.length : nullptr;
            const T* constant = bias ? bias + at : nullptr;
            mix_row(mixture, at / sizes.rows, at % sizes.rows, so_far, constant, result + at * sizes.length);
        }
    }
}

// The sum of a row's gradient times its values, less their mean.
template <typename T>
T product(const T* gradient, const T* values, T mean, int64_t length) {
    return sum_of<T>(length, [&](int64_t i) { return gradient[i] * (values[i] - mean); });
}

// The gradients of the rows that one edge alone reads.
template <typename T>
void own_back(const Mixture<T>& mixture, int64_t edge, int64_t row, const T* gradient, T mean_gradient) {
    const Sizes& sizes = mixture.sizes;
    const int64_t length = sizes.length;
    for (const Term<T>& term : mixture.terms) {
        if (term.shared) continue;
        for (int64_t kind = 0; kind < term.kinds; ++kind) {
            for (int64_t source = 0; source < sizes.sources; ++source) {
                const int64_t at = mixture.row_at(term, kind, edge, source, row);
                const T scale = term.scale[mixture.scale_at(term, kind, edge, source, row)];
                const T mean = term.normed ? term.mean[at] : T(0), factor = term.normed ? term.factor[at] : T(1);
                const T* values = term.values + at * length;
                T* result = term.gradient + at * length;
                const T dot = product(gradient, values, mean, length);
                term.scale_gradient[at] = factor * dot;
                const T whole = scale * factor;
                const T slope = term.normed ? whole * factor * factor * dot / static_cast<T>(length) : T(0);
                const T shift = term.normed ? slope * mean - whole * mean_gradient : T(0);
#pragma omp simd
                for (int64_t i = 0; i < length; ++i) result[i] = whole * gradient[i] + shift - slope * values[i];
            }
        }
    }
}

// The gradients of a row that all edges read.
template <typename T>
void shared_back(
    const Mixture<T>& mixture, const Term<T>& term, int64_t kind, int64_t source, int64_t row, const T* gradients,
    const T* mean_gradients
) {
    const Sizes& sizes = mixture.sizes;
    const int64_t length = sizes.length, at = mixture.row_at(term, kind, 0, source, row);
    const T mean = term.normed ? term.mean[at] : T(0), factor = term.normed ? term.factor[at] : T(1);
    const T* values = term.values + at * length;
    T* result = term.gradient + at * length;
    T shift = 0, slope = 0;
    std::fill_n(result, length, T(0));
    for (int64_t edge = 0; edge < sizes.edges; ++edge) {
        const T* gradient = gradients + (edge * sizes.rows + row) * length;
        const T scale = term.scale[mixture.scale_at(term, kind, edge, source, row)];
        const T dot = product(gradient, values, mean, length);
        term.scale_gradient[((kind * sizes.edges + edge) * sizes.sources + source) * sizes.rows + row] = factor * dot;
        if (term.normed) {
            slope += scale * factor * factor * factor * dot / static_cast<T>(length);
            shift -= scale * factor * mean_gradients[edge * sizes.rows + row];
        }
        add_row(result, gradient, scale * factor, T(0), length);
    }
    if (term.normed) add_row(result, values, -slope, shift + slope * mean, length);
}

template <typename T>
void backward(const Mixture<T>& mixture, const T* gradients, T* mean_gradients, int threads) {
    const Sizes& sizes = mixture.sizes;
#pragma omp parallel num_threads(threads)
    {
#pragma omp for schedule(static)
        for (int64_t at = 0; at < sizes.edges * sizes.rows; ++at) {
            const T* gradient = gradients + at * sizes.length;
            const T sum = sum_of<T>(sizes.length, [&](int64_t i) { return gradient[i]; });
            mean_gradients[at] = sum / static_cast<T>(sizes.length);
            own_back(mixture, at / sizes.rows, at % sizes.rows, gradient, mean_gradients[at]);
        }
        for (const Term<T>& term : mixture.terms) {
            if (!term.shared) continue;
#pragma omp for schedule(static)
            for (int64_t at = 0; at < term.kinds * sizes.sources * sizes.rows; ++at) {
                const int64_t row = at % sizes.rows, place = at / sizes.rows;
                shared_back(
                    mixture, term, place / sizes.sources, place % sizes.sources, row, gradients, mean_gradients
                );
            }
        }
    }
}

// Of each term: kinds, whether shared, whether normed, whether its scale is by row. Statistics lie behind each other.
template <typename T>
Mixture<T> mixture_of(
    int64_t count, const T* const* values, const T* const* scales, const int64_t* forms, T* means, T* factors, T* vars,
    T* const* gradients, T* const* scale_gradients, const int64_t* sizes, double eps
) {
    Mixture<T> mixture{{}, {sizes[0], sizes[1], sizes[2], sizes[3]}, static_cast<T>(eps)};
    int64_t at = 0;
    for (int64_t number = 0; number < count; ++number) {
        const int64_t* form = forms + 4 * number;
        Term<T> term{};
        term.values = values[number];
        term.scale = scales[number];
        term.gradient = gradients ? gradients[number] : nullptr;
        term.scale_gradient = scale_gradients ? scale_gradients[number] : nullptr;
        term.mean = means + at;
        term.factor = factors + at;
        term.var = vars ? vars + at : nullptr;
        term.kinds = form[0];
        term.shared = form[1] != 0;
        term.normed = form[2] != 0;
        term.by_row = form[3] != 0;
        at += term.kinds * (term.shared ? 1 : sizes[0]) * sizes[1] * sizes[2];
        mixture.terms.push_back(term);
    }
    return mixture;
}

}  // namespace

// Sizes: edges, sources, rows, length. `before` and `bias` may be null.
#define MIXING(T, NAME)                                                                                               \
    extern "C" void mixing_forward_##NAME(                                                                            \
        int64_t count, const T* const* values, const T* const* scales, const int64_t* forms, const T* before,         \
        const T* bias, T* result, T* means, T* factors, T* vars, const int64_t* sizes, double eps, int threads        \
    ) {                                                                                                               \
        const auto mixture =                                                                                          \
            mixture_of<T>(count, values, scales, forms, means, factors, vars, nullptr, nullptr, sizes, eps);          \
        forward<T>(mixture, before, bias, result, threads);                                                           \
    }                                                                                                                 \
    extern "C" void mixing_backward_##NAME(                                                                           \
        int64_t count, const T* const* values, const T* const* scales, const int64_t* forms, const T* gradient,       \
        T* mean_gradients, T* means, T* factors, T* const* gradients, T* const* scale_gradients,                      \
        const int64_t* sizes, double eps, int threads                                                                 \
    ) {                                                                                                               \
        const auto mixture = mixture_of<T>(                                                                           \
            count, values, scales, forms, means, factors, nullptr, gradients, scale_gradients, sizes, eps             \
        );                                                                                                            \
        backward<T>(mixture, gradient, mean_gradients, threads);                                                      \
    }

MIXING(float, float32)
MIXING(double, float64)
