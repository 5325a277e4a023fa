#include "kernels/cuda/graph.h"

#include "engine/error.h"
#include "kernels/cuda/check.h"

namespace petal::cuda {
namespace {

class GraphRecording final : public Recording {
 public:
  GraphRecording(std::shared_ptr<CUgraphExec_st> graph, std::shared_ptr<CUstream_st> stream)
      : graph_(std::move(graph)), stream_(std::move(stream)) {}
  void run() override { PETAL_CUDA("cuda graph", cudaGraphLaunch(graph_.get(), stream_.get())); }

 private:
  std::shared_ptr<CUgraphExec_st> graph_;
  std::shared_ptr<CUstream_st> stream_;
};

// Whether `work` could be called while the stream is captured.
bool is_captured(const std::function<void()>& work) {
  try {
    work();
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

std::unique_ptr<Recording> record_graph(std::shared_ptr<CUstream_st> stream,
                                        const std::function<void()>& work) {
  // Other threads may go on with what a capture of the whole process would forbid: they read files.
  PETAL_CUDA("cuda graph", cudaStreamBeginCapture(stream.get(), cudaStreamCaptureModeThreadLocal));
  const bool captured = is_captured(work);
  cudaGraph_t graph = nullptr;
  const cudaError_t ended = cudaStreamEndCapture(stream.get(), &graph);
  const std::shared_ptr<CUgraph_st> owned(graph, [](CUgraph_st* made) {
    if (made) cudaGraphDestroy(made);
  });
  cudaGraphExec_t launched = nullptr;
  if (!captured || ended != cudaSuccess || cudaGraphInstantiate(&launched, graph, 0) != cudaSuccess) {
    cudaGetLastError();  // what cannot be captured is no fault of the next call
    return nullptr;
  }
  const auto destroy = [stream](CUgraphExec_st* made) {
    cudaStreamSynchronize(stream.get());  // it may be at work still
    cudaGraphExecDestroy(made);
  };
  return std::make_unique<GraphRecording>(std::shared_ptr<CUgraphExec_st>(launched, destroy), stream);
}

}  // namespace petal::cuda
