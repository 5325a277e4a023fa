#pragma once

#include <oneapi/dnnl/dnnl.hpp>

// The one place that knows which oneDNN this is: 2.6 has operation descriptors between the arguments and the
// primitive descriptor, 3.x takes the arguments outright and renamed a few. Each function here gives the
// primitive descriptor of one operation; a deconvolution is a transposed convolution; an empty bias
// descriptor means no bias; nothing outside this file asks for the version.
namespace petal::cpu {

using Dims = dnnl::memory::dims;
using Descriptor = dnnl::memory::desc;

// Strides, dilation (0: none) and padding of a window, height first.
struct WindowDims {
  Dims kernel, strides, dilation, padding_before, padding_after;
};

// The weights of a forward primitive, whose type is src's also where their gradients are float32.
inline Descriptor any_layout(const Dims& dims, dnnl::memory::data_type type) {
  return Descriptor(dims, type, dnnl::memory::format_tag::any);
}

#if DNNL_VERSION_MAJOR >= 3

inline void append_eltwise(dnnl::post_ops& operations, dnnl::algorithm algorithm, float alpha, float beta) {
  operations.append_eltwise(algorithm, alpha, beta);
}

inline dnnl::convolution_forward::primitive_desc convolution_forward(
    const dnnl::engine& engine, const Descriptor& src, const Descriptor& weights, const Descriptor& bias,
    const Descriptor& dst, const WindowDims& window, const dnnl::primitive_attr& attributes) {
  return {engine,
          dnnl::prop_kind::forward_inference,
          dnnl::algorithm::convolution_direct,
          src,
          weights,
          bias,
          dst,
          window.strides,
          window.dilation,
          window.padding_before,
          window.padding_after,
          attributes};
}

inline dnnl::convolution_backward_data::primitive_desc convolution_backward_data(
    const dnnl::engine& engine, const Descriptor& diff_src, const Descriptor& weights,
    const Descriptor& diff_dst, const WindowDims& window, const dnnl::primitive_attr& attributes) {
  return {engine,
          dnnl::algorithm::convolution_direct,
          diff_src,
          weights,
          diff_dst,
          window.strides,
          window.dilation,
          window.padding_before,
          window.padding_after,
          convolution_forward(engine, diff_src, weights, Descriptor(), diff_dst, window, {}),
          attributes};
}

inline dnnl::convolution_backward_weights::primitive_desc convolution_backward_weights(
    const dnnl::engine& engine, const Descriptor& src, const Descriptor& diff_weights,
    const Descriptor& diff_bias, const Descriptor& diff_dst, const WindowDims& window,
    const dnnl::primitive_attr& attributes) {
  return {engine,
          dnnl::algorithm::convolution_direct,
          src,
          diff_weights,
          diff_bias,
          diff_dst,
          window.strides,
          window.dilation,
          window.padding_before,
          window.padding_after,
          convolution_forward(engine, src, any_layout(diff_weights.get_dims(), src.get_data_type()),
                              diff_bias, diff_dst, window, {}),
          attributes};
}

inline dnnl::deconvolution_forward::primitive_desc deconvolution_forward(
    const dnnl::engine& engine, const Descriptor& src, const Descriptor& weights, const Descriptor& bias,
    const Descriptor& dst, const WindowDims& window, const dnnl::primitive_attr& attributes) {
  return {engine,
          dnnl::prop_kind::forward_inference,
          dnnl::algorithm::deconvolution_direct,
          src,
          weights,
          bias,
          dst,
          window.strides,
          window.dilation,
          window.padding_before,
          window.padding_after,
          attributes};
}

inline dnnl::deconvolution_backward_data::primitive_desc deconvolution_backward_data(
    const dnnl::engine& engine, const Descriptor& diff_src, const Descriptor& weights,
    const Descriptor& diff_dst, const WindowDims& window, const dnnl::primitive_attr& attributes) {
  return {engine,
          dnnl::algorithm::deconvolution_direct,
          diff_src,
          weights,
          diff_dst,
          window.strides,
          window.dilation,
          window.padding_before,
          window.padding_after,
          deconvolution_forward(engine, diff_src, weights, Descriptor(), diff_dst, window, {}),
          attributes};
}

inline dnnl::deconvolution_backward_weights::primitive_desc deconvolution_backward_weights(
    const dnnl::engine& engine, const Descriptor& src, const Descriptor& diff_weights,
    const Descriptor& diff_bias, const Descriptor& diff_dst, const WindowDims& window,
    const dnnl::primitive_attr& attributes) {
  return {engine,
          dnnl::algorithm::deconvolution_direct,
          src,
          diff_weights,
          diff_bias,
          diff_dst,
          window.strides,
          window.dilation,
          window.padding_before,
          window.padding_after,
          deconvolution_forward(engine, src, diff_weights, diff_bias, diff_dst, window, {}),
          attributes};
}

inline dnnl::matmul::primitive_desc matmul(const dnnl::engine& engine, const Descriptor& src,
                                           const Descriptor& weights, const Descriptor& bias,
                                           const Descriptor& dst, const dnnl::primitive_attr& attributes) {
  if (bias.is_zero()) return {engine, src, weights, dst, attributes};
  return {engine, src, weights, bias, dst, attributes};
}

inline dnnl::eltwise_forward::primitive_desc eltwise_forward(const dnnl::engine& engine,
                                                             dnnl::algorithm algorithm,
                                                             const Descriptor& data, float alpha, float beta,
                                                             const dnnl::primitive_attr& attributes) {
  return {engine, dnnl::prop_kind::forward_training, algorithm, data, data, alpha, beta, attributes};
}

inline dnnl::eltwise_backward::primitive_desc eltwise_backward(const dnnl::engine& engine,
                                                               dnnl::algorithm algorithm,
                                                               const Descriptor& data, float alpha,
                                                               float beta,
                                                               const dnnl::primitive_attr& attributes) {
  return {engine,    algorithm, data, data,
          data,      alpha,     beta, eltwise_forward(engine, algorithm, data, alpha, beta, {}),
          attributes};
}

inline dnnl::softmax_forward::primitive_desc softmax_forward(const dnnl::engine& engine,
                                                             const Descriptor& data, int axis, bool logarithm,
                                                             const dnnl::primitive_attr& attributes) {
  return {engine,
          dnnl::prop_kind::forward_training,
          logarithm ? dnnl::algorithm::softmax_log : dnnl::algorithm::softmax_accurate,
          data,
          data,
          axis,
          attributes};
}

#else

inline void append_eltwise(dnnl::post_ops& operations, dnnl::algorithm algorithm, float alpha, float beta) {
  operations.append_eltwise(1.0f, algorithm, alpha, beta);
}

inline dnnl::convolution_forward::primitive_desc convolution_forward(
    const dnnl::engine& engine, const Descriptor& src, const Descriptor& weights, const Descriptor& bias,
    const Descriptor& dst, const WindowDims& window, const dnnl::primitive_attr& attributes) {
  return {{dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct, src, weights, bias, dst,
           window.strides, window.dilation, window.padding_before, window.padding_after},
          attributes,
          engine};
}

inline dnnl::convolution_backward_data::primitive_desc convolution_backward_data(
    const dnnl::engine& engine, const Descriptor& diff_src, const Descriptor& weights,
    const Descriptor& diff_dst, const WindowDims& window, const dnnl::primitive_attr& attributes) {
  return {{dnnl::algorithm::convolution_direct, diff_src, weights, diff_dst, window.strides, window.dilation,
           window.padding_before, window.padding_after},
          attributes,
          engine,
          convolution_forward(engine, diff_src, weights, Descriptor(), diff_dst, window, {})};
}

inline dnnl::convolution_backward_weights::primitive_desc convolution_backward_weights(
    const dnnl::engine& engine, const Descriptor& src, const Descriptor& diff_weights,
    const Descriptor& diff_bias, const Descriptor& diff_dst, const WindowDims& window,
    const dnnl::primitive_attr& attributes) {
  return {{dnnl::algorithm::convolution_direct, src, diff_weights, diff_bias, diff_dst, window.strides,
           window.dilation, window.padding_before, window.padding_after},
          attributes,
          engine,
          convolution_forward(engine, src, any_layout(diff_weights.dims(), src.data_type()), diff_bias,
                              diff_dst, window, {})};
}

inline dnnl::deconvolution_forward::primitive_desc deconvolution_forward(
    const dnnl::engine& engine, const Descriptor& src, const Descriptor& weights, const Descriptor& bias,
    const Descriptor& dst, const WindowDims& window, const dnnl::primitive_attr& attributes) {
  return {{dnnl::prop_kind::forward_inference, dnnl::algorithm::deconvolution_direct, src, weights, bias, dst,
           window.strides, window.dilation, window.padding_before, window.padding_after},
          attributes,
          engine};
}

inline dnnl::deconvolution_backward_data::primitive_desc deconvolution_backward_data(
    const dnnl::engine& engine, const Descriptor& diff_src, const Descriptor& weights,
    const Descriptor& diff_dst, const WindowDims& window, const dnnl::primitive_attr& attributes) {
  return {{dnnl::algorithm::deconvolution_direct, diff_src, weights, diff_dst, window.strides,
           window.dilation, window.padding_before, window.padding_after},
          attributes,
          engine,
          deconvolution_forward(engine, diff_src, weights, Descriptor(), diff_dst, window, {})};
}

inline dnnl::deconvolution_backward_weights::primitive_desc deconvolution_backward_weights(
    const dnnl::engine& engine, const Descriptor& src, const Descriptor& diff_weights,
    const Descriptor& diff_bias, const Descriptor& diff_dst, const WindowDims& window,
    const dnnl::primitive_attr& attributes) {
  return {{dnnl::algorithm::deconvolution_direct, src, diff_weights, diff_bias, diff_dst, window.strides,
           window.dilation, window.padding_before, window.padding_after},
          attributes,
          engine,
          deconvolution_forward(engine, src, diff_weights, diff_bias, diff_dst, window, {})};
}

inline dnnl::matmul::primitive_desc matmul(const dnnl::engine& engine, const Descriptor& src,
                                           const Descriptor& weights, const Descriptor& bias,
                                           const Descriptor& dst, const dnnl::primitive_attr& attributes) {
  if (bias.is_zero()) return {{src, weights, dst}, attributes, engine};
  return {{src, weights, bias, dst}, attributes, engine};
}

inline dnnl::eltwise_forward::primitive_desc eltwise_forward(const dnnl::engine& engine,
                                                             dnnl::algorithm algorithm,
                                                             const Descriptor& data, float alpha, float beta,
                                                             const dnnl::primitive_attr& attributes) {
  return {{dnnl::prop_kind::forward_training, algorithm, data, alpha, beta}, attributes, engine};
}

inline dnnl::eltwise_backward::primitive_desc eltwise_backward(const dnnl::engine& engine,
                                                               dnnl::algorithm algorithm,
                                                               const Descriptor& data, float alpha,
                                                               float beta,
                                                               const dnnl::primitive_attr& attributes) {
  return {{algorithm, data, data, alpha, beta},
          attributes,
          engine,
          eltwise_forward(engine, algorithm, data, alpha, beta, {})};
}

inline dnnl::softmax_v2_forward::primitive_desc softmax_forward(const dnnl::engine& engine,
                                                                const Descriptor& data, int axis,
                                                                bool logarithm,
                                                                const dnnl::primitive_attr& attributes) {
  return {{dnnl::prop_kind::forward_training,
           logarithm ? dnnl::algorithm::softmax_log : dnnl::algorithm::softmax_accurate, data, data, axis},
          attributes,
          engine};
}

#endif

}  // namespace petal::cpu
