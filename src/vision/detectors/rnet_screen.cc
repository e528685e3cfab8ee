// The layers of the screen, plain and with AVX-512 VNNI: every value of a layer is a register of
// sixteen crops.
#include "vision/detectors/rnet_screen.h"

#include <algorithm>
#include <cmath>

#include "vision/detectors/byte_products.h"

#if VIGIL_HAS_VNNI_KERNEL
#include <immintrin.h>
#endif

namespace vigil::vision {
namespace {

constexpr std::size_t kLanes = RnetScreen::kLanes;
using Layer = RnetScreen::Layer;

// What the activations of the first three layers span on WIDER images and street scenes, for the
// published weights.
constexpr Bytes kFirst = BytesOf(-4.0F, 3.4F);
constexpr Bytes kSecond = BytesOf(-2.5F, 2.8F);
constexpr Bytes kThird = BytesOf(-0.17F, 1.8F);

Layer MakeLayer(const std::vector<float>& weights, const std::vector<float>& bias,
                const std::vector<float>& slope, std::size_t side_in, std::size_t kernel,
                std::size_t groups_in, Bytes in, Bytes out) {
  const std::size_t taps = kernel * kernel;
  const std::size_t inputs = weights.size() / bias.size() / taps;
  Layer layer;
  layer.side_in = side_in;
  layer.kernel = kernel;
  layer.groups_in = groups_in;
  layer.outputs = (bias.size() + 7) / 8 * 8;
  layer.weights.resize(taps * layer.groups_in * layer.outputs);
  layer.scale.resize(layer.outputs);
  layer.bias.resize(layer.outputs);
  layer.slope.resize(layer.outputs);
  layer.zero = -out.low / out.step;
  for (std::size_t o = 0; o < bias.size(); ++o) {
    const float* of_output = weights.data() + o * inputs * taps;
    float largest = 1e-12F;
    double sum = 0;
    for (std::size_t i = 0; i < inputs * taps; ++i) {
      largest = std::max(largest, std::abs(of_output[i]));
      sum += of_output[i];
    }
    const float step = largest / 127.0F;
    for (std::size_t i = 0; i < inputs; ++i) {
      for (std::size_t tap = 0; tap < taps; ++tap) {
        const auto rounded = static_cast<std::int8_t>(std::lrint(of_output[i * taps + tap] / step));
        PutByte(layer.weights[(tap * layer.groups_in + i / 4) * layer.outputs + o], i % 4, rounded);
      }
    }
    layer.scale[o] = step * in.step / out.step;
    layer.bias[o] = static_cast<float>(bias[o] + sum * static_cast<double>(in.low)) / out.step;
    layer.slope[o] = slope[o];
  }
  return layer;
}

// Eight outputs of one pixel, sixteen crops each.
struct PlainRnetKernel {
  static void Outputs(const Layer& layer, const std::uint32_t* in, std::size_t first,
                      float (&values)[8][kLanes]) {
    for (std::size_t o = 0; o < 8; ++o) {
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        std::int32_t sum = 0;
        for (std::size_t y = 0; y < layer.kernel; ++y) {
          for (std::size_t i = 0; i < layer.kernel * layer.groups_in; ++i) {
            const std::uint32_t bytes =
                in[(y * layer.side_in * layer.groups_in + i) * kLanes + lane];
            const std::uint32_t weights =
                layer.weights[(y * layer.kernel * layer.groups_in + i) * layer.outputs + first + o];
            sum += ProductOfBytes(bytes, weights);
          }
        }
        const float value =
            std::fma(static_cast<float>(sum), layer.scale[first + o], layer.bias[first + o]);
        values[o][lane] = value < 0 ? value * layer.slope[first + o] : value;
      }
    }
  }

  // Windows of 3 x 3 at a stride of 2, those at the end cut off.
  static void Pool(const std::uint32_t* in, std::size_t side_in, std::size_t side_out,
                   std::size_t groups, std::uint32_t* out) {
    const std::size_t bytes = groups * kLanes * 4;
    const auto* from = reinterpret_cast<const std::uint8_t*>(in);
    auto* to = reinterpret_cast<std::uint8_t*>(out);
    for (std::size_t y = 0; y < side_out; ++y) {
      for (std::size_t x = 0; x < side_out; ++x, to += bytes) {
        std::fill_n(to, bytes, std::uint8_t{0});
        for (std::size_t dy = 2 * y; dy < std::min(2 * y + 3, side_in); ++dy) {
          for (std::size_t dx = 2 * x; dx < std::min(2 * x + 3, side_in); ++dx) {
            const std::uint8_t* one = from + (dy * side_in + dx) * bytes;
            for (std::size_t i = 0; i < bytes; ++i) to[i] = std::max(to[i], one[i]);
          }
        }
      }
    }
  }

  static void Convolve(const Layer& layer, const std::uint32_t* in, std::uint32_t* out) {
    const std::size_t side = layer.SideOut();
    for (std::size_t at = 0; at < side * side; ++at) {
      const std::uint32_t* from =
          in + (at / side * layer.side_in + at % side) * layer.groups_in * kLanes;
      for (std::size_t first = 0; first < layer.outputs; first += 8) {
        float values[8][kLanes];
        Outputs(layer, from, first, values);
        for (std::size_t o = 0; o < 8; ++o) {
          for (std::size_t lane = 0; lane < kLanes; ++lane) {
            std::uint32_t& to = out[(at * layer.outputs / 4 + (first + o) / 4) * kLanes + lane];
            to = (o % 4 == 0 ? 0 : to) | (ByteOf(values[o][lane] + layer.zero) << (8 * (o % 4)));
          }
        }
      }
    }
  }

  static void Decide(const Layer& layer, const std::uint32_t* in, float bias, float* differences) {
    std::fill_n(differences, kLanes, bias);
    for (std::size_t first = 0; first < layer.outputs; first += 8) {
      float values[8][kLanes];
      Outputs(layer, in, first, values);
      for (std::size_t o = 0; o < 8; ++o) {
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
          differences[lane] =
              std::fma(values[o][lane], layer.difference[first + o], differences[lane]);
        }
      }
    }
  }
};

#if VIGIL_HAS_VNNI_KERNEL
struct VnniRnetKernel {
  // Sums of eight outputs of two pixels.
  VIGIL_VNNI __attribute__((always_inline)) static inline void Sums(const Layer& layer,
                                                                    const std::uint32_t* left,
                                                                    const std::uint32_t* right,
                                                                    std::size_t first,
                                                                    __m512i (&sums)[8][2]) {
#pragma GCC unroll 8
    for (int o = 0; o < 8; ++o) sums[o][0] = sums[o][1] = _mm512_setzero_si512();
    const std::uint32_t* weights = layer.weights.data() + first;
    const std::size_t run = layer.kernel * layer.groups_in;
    for (std::size_t y = 0; y < layer.kernel; ++y) {
      const std::size_t row = y * layer.side_in * layer.groups_in * kLanes;
      for (std::size_t i = 0; i < run; ++i) {
        const __m512i a = _mm512_loadu_si512(left + row + i * kLanes);
        const __m512i b = _mm512_loadu_si512(right + row + i * kLanes);
#pragma GCC unroll 8
        for (int o = 0; o < 8; ++o) {
          const __m512i by = _mm512_set1_epi32(static_cast<int>(weights[o]));
          sums[o][0] = _mm512_dpbusd_epi32(sums[o][0], a, by);
          sums[o][1] = _mm512_dpbusd_epi32(sums[o][1], b, by);
        }
        weights += layer.outputs;
      }
    }
  }

  VIGIL_VNNI __attribute__((always_inline)) static inline __m512 Activate(const Layer& layer,
                                                                          std::size_t output,
                                                                          __m512i sum) {
    const __m512 value =
        _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), _mm512_set1_ps(layer.scale[output]),
                        _mm512_set1_ps(layer.bias[output]));
    const __mmask16 negative = _mm512_cmp_ps_mask(value, _mm512_setzero_ps(), _CMP_LT_OQ);
    return _mm512_mask_mul_ps(value, negative, value, _mm512_set1_ps(layer.slope[output]));
  }

  VIGIL_VNNI static void Pool(const std::uint32_t* in, std::size_t side_in, std::size_t side_out,
                              std::size_t groups, std::uint32_t* out) {
    for (std::size_t y = 0; y < side_out; ++y) {
      for (std::size_t x = 0; x < side_out; ++x) {
        for (std::size_t group = 0; group < groups; ++group, out += kLanes) {
          __m512i largest = _mm512_setzero_si512();
          for (std::size_t dy = 2 * y; dy < std::min(2 * y + 3, side_in); ++dy) {
            for (std::size_t dx = 2 * x; dx < std::min(2 * x + 3, side_in); ++dx) {
              largest = _mm512_max_epu8(
                  largest,
                  _mm512_loadu_si512(in + ((dy * side_in + dx) * groups + group) * kLanes));
            }
          }
          _mm512_storeu_si512(out, largest);
        }
      }
    }
  }

  VIGIL_VNNI static void Convolve(const Layer& layer, const std::uint32_t* in, std::uint32_t* out) {
    const std::size_t side = layer.SideOut();
    const __m512 zero = _mm512_set1_ps(layer.zero);
    for (std::size_t y = 0; y < side; ++y) {
      for (std::size_t pair = 0; pair < side; pair += 2) {
        // The last pair of an odd side goes back by one: that pixel comes out the same again.
        const std::size_t x = std::min(pair, side - 2);
        const std::uint32_t* left = in + (y * layer.side_in + x) * layer.groups_in * kLanes;
        for (std::size_t first = 0; first < layer.outputs; first += 8) {
          __m512i sums[8][2];
          Sums(layer, left, left + layer.groups_in * kLanes, first, sums);
#pragma GCC unroll 2
          for (std::size_t side_of_pair = 0; side_of_pair < 2; ++side_of_pair) {
            __m512i packed[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()};
#pragma GCC unroll 8
            for (std::size_t o = 0; o < 8; ++o) {
              const __m512 value = _mm512_max_ps(
                  _mm512_add_ps(Activate(layer, first + o, sums[o][side_of_pair]), zero),
                  _mm512_setzero_ps());
              const __m512i byte =
                  _mm512_min_epi32(_mm512_cvtps_epi32(value), _mm512_set1_epi32(255));
              packed[o / 4] = _mm512_or_si512(
                  packed[o / 4], _mm512_slli_epi32(byte, static_cast<unsigned>(8 * (o % 4))));
            }
            std::uint32_t* to =
                out + ((y * side + x + side_of_pair) * layer.outputs / 4 + first / 4) * kLanes;
            _mm512_storeu_si512(to, packed[0]);
            _mm512_storeu_si512(to + kLanes, packed[1]);
          }
        }
      }
    }
  }

  VIGIL_VNNI static void Decide(const Layer& layer, const std::uint32_t* in, float bias,
                                float* differences) {
    __m512 difference = _mm512_set1_ps(bias);
    for (std::size_t first = 0; first < layer.outputs; first += 8) {
      __m512i sums[8][2];
      Sums(layer, in, in, first, sums);
#pragma GCC unroll 8
      for (std::size_t o = 0; o < 8; ++o) {
        difference = _mm512_fmadd_ps(Activate(layer, first + o, sums[o][0]),
                                     _mm512_set1_ps(layer.difference[first + o]), difference);
      }
    }
    _mm512_storeu_ps(differences, difference);
  }
};
#else
using VnniRnetKernel = PlainRnetKernel;
#endif

}  // namespace

RnetScreen::RnetScreen(const RnetWeights& weights) : crops_(kLanes * kCropSize) {
  layers_[0] =
      MakeLayer(weights.conv1, weights.bias1, weights.slope1, kSide, 3, 1, kPixelBytes, kFirst);
  layers_[1] = MakeLayer(weights.conv2, weights.bias2, weights.slope2, 11, 3,
                         layers_[0].outputs / 4, kFirst, kSecond);
  layers_[2] = MakeLayer(weights.conv3, weights.bias3, weights.slope3, 4, 2, layers_[1].outputs / 4,
                         kSecond, kThird);
  layers_[3] = MakeLayer(weights.dense, weights.dense_bias, weights.dense_slope, 3, 3,
                         layers_[2].outputs / 4, kThird, {});
  const std::size_t inputs = weights.scores.size() / 2;
  for (std::size_t i = 0; i < inputs; ++i)
    layers_[3].difference.push_back(weights.scores[inputs + i] - weights.scores[i]);
  difference_bias_ = weights.scores_bias[1] - weights.scores_bias[0];
  for (auto& bytes : bytes_) bytes.resize(22 * 22 * 8 * kLanes);
}

void RnetScreen::PackCrops() {
  const auto byte = [](float value) {
    return static_cast<std::uint32_t>(value * 128.0F + 128.0F);  // rounds, as 127.5 is added
  };
  constexpr std::size_t kPlane = kSide * kSide;
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    const float* crop = crops_.data() + lane * kCropSize;
    std::uint32_t* to = bytes_[0].data() + lane;
    for (std::size_t i = 0; i < kPlane; ++i) {
      to[i * kLanes] =
          byte(crop[i]) | (byte(crop[kPlane + i]) << 8) | (byte(crop[2 * kPlane + i]) << 16);
    }
  }
}

template <class Kernel>
void RnetScreen::RunWith() {
  PackCrops();
  Kernel::Convolve(layers_[0], bytes_[0].data(), bytes_[1].data());
  Kernel::Pool(bytes_[1].data(), 22, 11, 8, bytes_[0].data());
  Kernel::Convolve(layers_[1], bytes_[0].data(), bytes_[1].data());
  Kernel::Pool(bytes_[1].data(), 9, 4, 12, bytes_[0].data());
  Kernel::Convolve(layers_[2], bytes_[0].data(), bytes_[1].data());
  Kernel::Decide(layers_[3], bytes_[1].data(), difference_bias_, differences_.data());
}

CropVerdict RnetScreen::VerdictOf(std::size_t lane) const {
  return {.score = 1.0F / (1.0F + std::exp(-differences_[lane])), .offsets = {}, .landmarks = {}};
}

void RnetScreen::Infer() { RunWith<VnniRnetKernel>(); }
void RnetScreen::InferPlainly() { RunWith<PlainRnetKernel>(); }

}  // namespace vigil::vision
