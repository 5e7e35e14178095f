// ReLU and depthwise convolutions of one tensor with many kernels, forward and backward.
//
// One task is a channel of a unit: all its images, kinds of kernels and edges. So every sum has a fixed order, whatever
// the number of threads.

#include "planes.hpp"

namespace {

template <typename T>
struct Kind {
    const T* weight;  // (edges, channels, kernel * kernel)
    T* weight_gradient;
    int64_t kernel, rate;

    Shape shape(int64_t height, int64_t width) const { return {height, width, rate * (kernel / 2)}; }

    // From a pixel to the neighbour under a tap.
    int64_t offset(int64_t row, int64_t column, int64_t pitch) const {
        return (row - kernel / 2) * rate * pitch + (column - kernel / 2) * rate;
    }
};

struct Sizes {
    int64_t edges, channels, images, height, width;
    bool shared;  // whether all kinds and edges read the same values

    int64_t pixels() const { return height * width; }

    // Where a plane begins in a tensor (kinds, edges, channels, images, pixels).
    int64_t plane(int64_t kind, int64_t edge, int64_t channel, int64_t image) const {
        return (((kind * edges + edge) * channels + channel) * images + image) * pixels();
    }

    int64_t source(int64_t kind, int64_t edge, int64_t channel, int64_t image) const {
        return shared ? plane(0, 0, channel, image) : plane(kind, edge, channel, image);
    }
};

template <typename T>
struct Scratch {
    Buffer<T> values, result;
    Buffer<T> gradients[5];
};

// Results of BLOCK kernels on the same padded values, for some of the pixels; result has one row of `stride` for each.
template <typename T, int KERNEL, int BLOCK>
void correlate(
    const Kind<T>& kind, const T* const* weights, const T* pixel, int64_t pitch, T* result, int64_t stride, int64_t count
) {
    using V = typename Vector<T>::type;
    constexpr int LENGTH = Vector<T>::length;
    constexpr int WIDE = BLOCK >= 4 ? 2 : BLOCK >= 2 ? 4 : 8;
    for (int64_t at = 0; at < count; at += WIDE * LENGTH) {
        V sums[BLOCK][WIDE] = {};
        for (int row = 0; row < KERNEL; ++row) {
            for (int column = 0; column < KERNEL; ++column) {
                const T* near = pixel + at + kind.offset(row, column, pitch);
                V values[WIDE];
                for (int wide = 0; wide < WIDE; ++wide) values[wide] = load(near + wide * LENGTH);
                for (int edge = 0; edge < BLOCK; ++edge) {
                    const T weight = weights[edge][row * KERNEL + column];
                    for (int wide = 0; wide < WIDE; ++wide) sums[edge][wide] += values[wide] * weight;
                }
            }
        }
        for (int edge = 0; edge < BLOCK; ++edge)
            for (int wide = 0; wide < WIDE; ++wide) store(result + edge * stride + at + wide * LENGTH, sums[edge][wide]);
    }
}

// The sum over BLOCK edges of their padded gradients correlated with their flipped kernels.
template <typename T, int KERNEL>
void correlate_back(
    const Kind<T>& kind, const T* const* weights, const T* const* gradients, int block, int64_t pitch, T* result,
    int64_t count
) {
    using V = typename Vector<T>::type;
    constexpr int LENGTH = Vector<T>::length;
    constexpr int WIDE = 8;
    for (int64_t at = 0; at < count; at += WIDE * LENGTH) {
        V sums[WIDE] = {};
        for (int edge = 0; edge < block; ++edge) {
            for (int row = 0; row < KERNEL; ++row) {
                for (int column = 0; column < KERNEL; ++column) {
                    const T* near = gradients[edge] + at - kind.offset(row, column, pitch);
                    const T weight = weights[edge][row * KERNEL + column];
                    for (int wide = 0; wide < WIDE; ++wide) sums[wide] += load(near + wide * LENGTH) * weight;
                }
            }
        }
        for (int wide = 0; wide < WIDE; ++wide) store(result + at + wide * LENGTH, sums[wide]);
    }
}

// Adds to each of BLOCK kernels' gradients: the products of gradients and values at each tap's distance.
template <typename T, int KERNEL, int BLOCK>
void correlate_weights(
    const Kind<T>& kind, const T* pixel, const T* const* gradients, int64_t pitch, T* const* weight_gradients, int64_t count
) {
    using V = typename Vector<T>::type;
    constexpr int LENGTH = Vector<T>::length;
    for (int row = 0; row < KERNEL; ++row) {
        V sums[BLOCK][KERNEL] = {};
        const T* near = pixel + kind.offset(row, 0, pitch);
        for (int64_t at = 0; at < count; at += LENGTH) {
            V values[KERNEL];
            for (int column = 0; column < KERNEL; ++column) values[column] = load(near + at + column * kind.rate);
            for (int edge = 0; edge < BLOCK; ++edge) {
                const V gradient = load(gradients[edge] + at);
                for (int column = 0; column < KERNEL; ++column) sums[edge][column] += gradient * values[column];
            }
        }
        for (int edge = 0; edge < BLOCK; ++edge)
            for (int column = 0; column < KERNEL; ++column)
                weight_gradients[edge][row * KERNEL + column] += total<T>(sums[edge][column]);
    }
}

template <typename T, int KERNEL>
void correlate_some(
    int block, const Kind<T>& kind, const T* const* weights, const T* pixel, int64_t pitch, T* result, int64_t stride,
    int64_t count
) {
    if (block == 5) correlate<T, KERNEL, 5>(kind, weights, pixel, pitch, result, stride, count);
    if (block == 4) correlate<T, KERNEL, 4>(kind, weights, pixel, pitch, result, stride, count);
    if (block == 3) correlate<T, KERNEL, 3>(kind, weights, pixel, pitch, result, stride, count);
    if (block == 2) correlate<T, KERNEL, 2>(kind, weights, pixel, pitch, result, stride, count);
    if (block == 1) correlate<T, KERNEL, 1>(kind, weights, pixel, pitch, result, stride, count);
}

template <typename T, int KERNEL>
void forward_kind(
    const Kind<T>& kind, int64_t number, const T* values, T* output, const Sizes& sizes, int64_t channel, Scratch<T>& scratch
) {
    const Shape shape = kind.shape(sizes.height, sizes.width);
    const int64_t pitch = shape.pitch(), rows = std::max<int64_t>(1, 2048 / pitch), stride = rows * pitch + SLACK;
    const int64_t most = sizes.shared ? 5 : 1;
    T* padded = scratch.values.filled(shape.size());
    T* result = scratch.result.sized(most * stride);
    for (int64_t image = 0; image < sizes.images; ++image) {
        for (int64_t first = 0; first < sizes.edges; first += most) {
            if (first == 0 || !sizes.shared) pad_relu(values + sizes.source(number, first, channel, image), padded, shape);
            const int block = static_cast<int>(std::min(most, sizes.edges - first));
            const T* weights[5];
            for (int edge = 0; edge < block; ++edge)
                weights[edge] = kind.weight + ((first + edge) * sizes.channels + channel) * KERNEL * KERNEL;
            for (int64_t top = 0; top < sizes.height; top += rows) {
                const int64_t some = std::min(rows, sizes.height - top);
                const T* pixel = padded + shape.start() + top * pitch;
                correlate_some<T, KERNEL>(block, kind, weights, pixel, pitch, result, stride, some * pitch);
                for (int edge = 0; edge < block; ++edge) {
                    T* plane = output + sizes.plane(number, first + edge, channel, image) + top * sizes.width;
                    for (int64_t y = 0; y < some; ++y)
                        std::copy_n(result + edge * stride + y * pitch, sizes.width, plane + y * sizes.width);
                }
            }
        }
    }
}

template <typename T>
void add_where_positive(const T* result, const T* values, T* gradient, const Shape& shape) {
    for (int64_t y = 0; y < shape.height; ++y) {
        const T* row = result + y * shape.pitch();
        for (int64_t x = 0; x < shape.width; ++x) {
            const int64_t at = y * shape.width + x;
            gradient[at] += values[at] > 0 ? row[x] : T(0);
        }
    }
}

template <typename T, int KERNEL>
void weight_gradients_of(
    int block, const Kind<T>& kind, const T* pixel, const T* const* gradients, int64_t pitch, T* const* sums, int64_t count
) {
    constexpr int MOST = KERNEL == 3 ? 3 : 2;
    for (int edge = 0; edge < block; edge += MOST) {
        const int some = std::min(MOST, block - edge);
        if (some == 3)
            correlate_weights<T, KERNEL, MOST>(kind, pixel, gradients + edge, pitch, sums + edge, count);
        else if (some == 2)
            correlate_weights<T, KERNEL, 2>(kind, pixel, gradients + edge, pitch, sums + edge, count);
        else
            correlate_weights<T, KERNEL, 1>(kind, pixel, gradients + edge, pitch, sums + edge, count);
    }
}

template <typename T, int KERNEL>
void backward_kind(
    const Kind<T>& kind, int64_t number, const T* values, const T* output_gradient, T* gradient, const Sizes& sizes,
    int64_t channel, Scratch<T>& scratch
) {
    const Shape shape = kind.shape(sizes.height, sizes.width);
    const int64_t most = sizes.shared ? 5 : 1;
    T* padded = scratch.values.filled(shape.size());
    T* result = scratch.result.sized(shape.span() + SLACK);
    const T* gradients[5];
    for (int64_t edge = 0; edge < std::min(most, sizes.edges); ++edge) scratch.gradients[edge].filled(shape.size());
    for (int64_t image = 0; image < sizes.images; ++image) {
        for (int64_t first = 0; first < sizes.edges; first += most) {
            const int64_t source = sizes.source(number, first, channel, image);
            if (first == 0 || !sizes.shared) pad_relu(values + source, padded, shape);
            const int block = static_cast<int>(std::min(most, sizes.edges - first));
            const T* weights[5];
            T* sums[5];
            for (int edge = 0; edge < block; ++edge) {
                const int64_t at = ((first + edge) * sizes.channels + channel) * KERNEL * KERNEL;
                weights[edge] = kind.weight + at;
                sums[edge] = kind.weight_gradient ? kind.weight_gradient + at : nullptr;
                T* of_edge = scratch.gradients[edge].sized(shape.size());
                pad(output_gradient + sizes.plane(number, first + edge, channel, image), of_edge, shape);
                gradients[edge] = of_edge + shape.start();
            }
            const T* pixel = padded + shape.start();
            if (kind.weight_gradient)
                weight_gradients_of<T, KERNEL>(block, kind, pixel, gradients, shape.pitch(), sums, shape.span());
            correlate_back<T, KERNEL>(kind, weights, gradients, block, shape.pitch(), result, shape.span());
            add_where_positive(result, values + source, gradient + source, shape);
        }
    }
}

template <typename T>
void forward(const T* values, T* output, const Kind<T>* kinds, int64_t count, const Sizes& sizes, int threads) {
#pragma omp parallel num_threads(threads)
    {
        Scratch<T> scratch;
#pragma omp for schedule(static)
        for (int64_t channel = 0; channel < sizes.channels; ++channel) {
            for (int64_t number = 0; number < count; ++number) {
                if (kinds[number].kernel == 3)
                    forward_kind<T, 3>(kinds[number], number, values, output, sizes, channel, scratch);
                else
                    forward_kind<T, 5>(kinds[number], number, values, output, sizes, channel, scratch);
            }
        }
    }
}

template <typename T>
void backward(
    const T* values, const T* output_gradient, T* gradient, const Kind<T>* kinds, int64_t count, const Sizes& sizes,
    int threads
) {
#pragma omp parallel num_threads(threads)
    {
        Scratch<T> scratch;
#pragma omp for schedule(static)
        for (int64_t channel = 0; channel < sizes.channels; ++channel) {
            for (int64_t number = 0; number < count; ++number) {
                if (kinds[number].kernel == 3)
                    backward_kind<T, 3>(kinds[number], number, values, output_gradient, gradient, sizes, channel, scratch);
                else
                    backward_kind<T, 5>(kinds[number], number, values, output_gradient, gradient, sizes, channel, scratch);
            }
        }
    }
}

// The arguments of the functions below: weights, kernels and rates of each kind; edges, channels, images, height, width,
// whether values are shared.
template <typename T>
std::vector<Kind<T>> kinds_of(int64_t count, T* const* weights, T* const* gradients, const int64_t* kernels, const int64_t* rates) {
    std::vector<Kind<T>> kinds(count);
    for (int64_t number = 0; number < count; ++number)
        kinds[number] = {weights[number], gradients ? gradients[number] : nullptr, kernels[number], rates[number]};
    return kinds;
}

Sizes sizes_of(const int64_t* sizes) { return {sizes[0], sizes[1], sizes[2], sizes[3], sizes[4], sizes[5] != 0}; }

}  // namespace

// Weight gradients, which may be null, and the gradient of the values must be zeros before.
#define DEPTHWISE(T, NAME)                                                                                             \
    extern "C" void depthwise_forward_##NAME(                                                                          \
        const T* values, T* output, int64_t count, T* const* weights, const int64_t* kernels, const int64_t* rates,    \
        const int64_t* sizes, int threads                                                                              \
    ) {                                                                                                                \
        const auto kinds = kinds_of<T>(count, weights, nullptr, kernels, rates);                                       \
        forward<T>(values, output, kinds.data(), count, sizes_of(sizes), threads);                                     \
    }                                                                                                                  \
    extern "C" void depthwise_backward_##NAME(                                                                         \
        const T* values, const T* output_gradient, T* gradient, int64_t count, T* const* weights, T* const* gradients, \
        const int64_t* kernels, const int64_t* rates, const int64_t* sizes, int threads                                \
    ) {                                                                                                                \
        const auto kinds = kinds_of<T>(count, weights, gradients, kernels, rates);                                     \
        backward<T>(values, output_gradient, gradient, kinds.data(), count, sizes_of(sizes), threads);                 \
    }

DEPTHWISE(float, float32)
DEPTHWISE(double, float64)
