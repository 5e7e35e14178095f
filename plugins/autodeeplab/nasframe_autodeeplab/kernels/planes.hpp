// Planes of pixels laid out so that a convolution of a whole plane is one long loop.
//
// A padded plane has a pitch of width + reach: the zeros behind a row are also those before the next. In it the pixel
// (y, x) is at start() + y * pitch + x, a neighbour is at a fixed distance, and vectors run across the ends of rows;
// what they compute there is never read.

#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

constexpr int VECTOR_BYTES = 32;
constexpr int SLACK = 128;  // elements that a vector loop may touch behind the last pixel

template <typename T>
struct Vector {
    static constexpr int length = VECTOR_BYTES / sizeof(T);
    typedef T type __attribute__((vector_size(VECTOR_BYTES)));
};

template <typename T>
inline typename Vector<T>::type load(const T* from) {
    typename Vector<T>::type vector;
    std::memcpy(&vector, from, VECTOR_BYTES);
    return vector;
}

template <typename T>
inline void store(T* to, typename Vector<T>::type vector) {
    std::memcpy(to, &vector, VECTOR_BYTES);
}

template <typename T>
inline T total(typename Vector<T>::type vector) {
    T sum = 0;
    for (int lane = 0; lane < Vector<T>::length; ++lane) sum += vector[lane];
    return sum;
}

struct Shape {
    int64_t height, width, reach;

    int64_t pitch() const { return width + reach; }
    int64_t span() const { return height * pitch(); }  // from the first pixel to behind the last row
    int64_t start() const { return reach * pitch() + reach; }
    int64_t size() const { return start() + span() + reach * pitch() + reach + SLACK; }
};

// A scratch buffer that keeps its memory.
template <typename T>
class Buffer {
public:
    // As many elements, all of this value.
    T* filled(int64_t size, T value = 0) {
        elements.assign(size, value);
        return elements.data();
    }

    // As many elements, of any value.
    T* sized(int64_t size) {
        if (static_cast<int64_t>(elements.size()) < size) elements.resize(size);
        return elements.data();
    }

private:
    std::vector<T> elements;
};

template <typename T>
void pad(const T* plane, T* padded, const Shape& shape) {
    for (int64_t y = 0; y < shape.height; ++y)
        std::copy_n(plane + y * shape.width, shape.width, padded + shape.start() + y * shape.pitch());
}

template <typename T>
void pad_relu(const T* plane, T* padded, const Shape& shape) {
    for (int64_t y = 0; y < shape.height; ++y) {
        const T* from = plane + y * shape.width;
        T* to = padded + shape.start() + y * shape.pitch();
        for (int64_t x = 0; x < shape.width; ++x) to[x] = from[x] < 0 ? T(0) : from[x];
    }
}
