// The mean and the maximum of 3x3 pixels, at stride 1, in one pass; those outside do not count.

#include <limits>

#include "planes.hpp"

namespace {

constexpr int64_t REACH = 1;
constexpr int64_t TAPS = 9;

// An integer as wide as T, so that both go through the same vector lanes.
template <typename T>
struct Lane;
template <>
struct Lane<float> {
    using type = int32_t;
};
template <>
struct Lane<double> {
    using type = int64_t;
};

template <typename T>
struct Scratch {
    Buffer<T> values, mean, maximum;
    Buffer<typename Lane<T>::type> place;
};

int64_t offset(int64_t tap, int64_t pitch) { return (tap / 3 - 1) * pitch + tap % 3 - 1; }

// One over the number of pixels inside the image, in one direction or the other: rows times columns.
template <typename T>
T share(int64_t y, int64_t x, const Shape& shape) {
    const int64_t rows = std::min(y + 2, shape.height) - std::max<int64_t>(y - 1, 0);
    const int64_t columns = std::min(x + 2, shape.width) - std::max<int64_t>(x - 1, 0);
    return T(1) / static_cast<T>(rows * columns);
}

template <typename T>
void means(const T* plane, T* output, const Shape& shape, Scratch<T>& scratch) {
    T* padded = scratch.values.filled(shape.size());
    T* sums = scratch.mean.sized(shape.span() + SLACK);
    pad(plane, padded, shape);
    const T* pixel = padded + shape.start();
    const int64_t pitch = shape.pitch(), span = shape.span();
#pragma omp simd
    for (int64_t at = 0; at < span; ++at) {
        const T *above = pixel + at - pitch, *below = pixel + at + pitch;
        sums[at] = ((above[-1] + above[0] + above[1]) + (pixel[at - 1] + pixel[at] + pixel[at + 1])) +
                   (below[-1] + below[0] + below[1]);
    }
    for (int64_t y = 0; y < shape.height; ++y)
        for (int64_t x = 0; x < shape.width; ++x)
            output[y * shape.width + x] = sums[y * pitch + x] * share<T>(y, x, shape);
}

// As torch: the first of equal pixels in reading order, and any NaN, which the last one wins.
template <typename T>
void maxima(const T* plane, T* output, uint8_t* places, const Shape& shape, Scratch<T>& scratch) {
    using I = typename Lane<T>::type;
    T* padded = scratch.values.filled(shape.size(), -std::numeric_limits<T>::infinity());
    T* largest = scratch.maximum.sized(shape.span() + SLACK);
    I* place = scratch.place.sized(shape.span() + SLACK);
    pad(plane, padded, shape);
    const T* pixel = padded + shape.start();
    const int64_t pitch = shape.pitch(), span = shape.span();
#pragma omp simd
    for (int64_t at = 0; at < span; ++at) {
        T best = pixel[at - pitch - 1];
        I best_place = 0;
        for (int64_t tap = 1; tap < TAPS; ++tap) {
            const T value = pixel[at + offset(tap, pitch)];
            const bool better = value > best || value != value;
            best = better ? value : best;
            best_place = better ? static_cast<I>(tap) : best_place;
        }
        largest[at] = best;
        place[at] = best_place;
    }
    for (int64_t y = 0; y < shape.height; ++y) {
        for (int64_t x = 0; x < shape.width; ++x) {
            output[y * shape.width + x] = largest[y * pitch + x];
            places[y * shape.width + x] = static_cast<uint8_t>(place[y * pitch + x]);
        }
    }
}

template <typename T>
void means_back(const T* output_gradient, T* gradient, const Shape& shape, Scratch<T>& scratch) {
    T* padded = scratch.values.filled(shape.size());
    T* sums = scratch.mean.sized(shape.span() + SLACK);
    const int64_t pitch = shape.pitch(), span = shape.span();
    for (int64_t y = 0; y < shape.height; ++y)
        for (int64_t x = 0; x < shape.width; ++x)
            padded[shape.start() + y * pitch + x] = output_gradient[y * shape.width + x] * share<T>(y, x, shape);
    const T* pixel = padded + shape.start();
#pragma omp simd
    for (int64_t at = 0; at < span; ++at) {
        const T *above = pixel + at - pitch, *below = pixel + at + pitch;
        sums[at] = ((above[-1] + above[0] + above[1]) + (pixel[at - 1] + pixel[at] + pixel[at + 1])) +
                   (below[-1] + below[0] + below[1]);
    }
    for (int64_t y = 0; y < shape.height; ++y)
        for (int64_t x = 0; x < shape.width; ++x) gradient[y * shape.width + x] += sums[y * pitch + x];
}

template <typename T>
void maxima_back(const T* output_gradient, const uint8_t* places, T* gradient, const Shape& shape, Scratch<T>& scratch) {
    using I = typename Lane<T>::type;
    T* padded = scratch.values.filled(shape.size());
    I* place = scratch.place.filled(shape.size(), TAPS);
    T* sums = scratch.maximum.sized(shape.span() + SLACK);
    const int64_t pitch = shape.pitch(), span = shape.span(), start = shape.start();
    pad(output_gradient, padded, shape);
    for (int64_t y = 0; y < shape.height; ++y)
        for (int64_t x = 0; x < shape.width; ++x) place[start + y * pitch + x] = places[y * shape.width + x];
#pragma omp simd
    for (int64_t at = 0; at < span; ++at) {
        T sum = 0;
        for (int64_t tap = 0; tap < TAPS; ++tap) {
            const int64_t window = start + at - offset(tap, pitch);
            sum += place[window] == static_cast<I>(tap) ? padded[window] : T(0);
        }
        sums[at] = sum;
    }
    for (int64_t y = 0; y < shape.height; ++y)
        for (int64_t x = 0; x < shape.width; ++x) gradient[y * shape.width + x] += sums[y * pitch + x];
}

}  // namespace

// Planes (count, height, width). Null pointers: that pool is not wanted. The gradient must be zeros before.
#define POOLING(T, NAME)                                                                                             \
    extern "C" void pooling_forward_##NAME(                                                                          \
        const T* values, T* mean, T* maximum, uint8_t* places, int64_t count, int64_t height, int64_t width,         \
        int threads                                                                                                  \
    ) {                                                                                                              \
        const Shape shape{height, width, REACH};                                                                     \
        _Pragma("omp parallel num_threads(threads)") {                                                               \
            Scratch<T> scratch;                                                                                      \
            _Pragma("omp for schedule(static)") for (int64_t plane = 0; plane < count; ++plane) {                    \
                const int64_t at = plane * height * width;                                                           \
                if (mean) means(values + at, mean + at, shape, scratch);                                             \
                if (maximum) maxima(values + at, maximum + at, places + at, shape, scratch);                         \
            }                                                                                                        \
        }                                                                                                            \
    }                                                                                                                \
    extern "C" void pooling_backward_##NAME(                                                                         \
        const T* mean, const T* maximum, const uint8_t* places, T* gradient, int64_t count, int64_t height,          \
        int64_t width, int threads                                                                                   \
    ) {                                                                                                              \
        const Shape shape{height, width, REACH};                                                                     \
        _Pragma("omp parallel num_threads(threads)") {                                                               \
            Scratch<T> scratch;                                                                                      \
            _Pragma("omp for schedule(static)") for (int64_t plane = 0; plane < count; ++plane) {                    \
                const int64_t at = plane * height * width;                                                           \
                if (mean) means_back(mean + at, gradient + at, shape, scratch);                                      \
                if (maximum) maxima_back(maximum + at, places + at, gradient + at, shape, scratch);                  \
            }                                                                                                        \
        }                                                                                                            \
    }

POOLING(float, float32)
POOLING(double, float64)
