#pragma once

#include <stdexcept>
#include <string>

namespace petal {

// What went wrong, as far as a caller acts on it; the tools turn it into their exit code.
enum class ErrorKind {
  bad_input,         // the user's files or options: exit code 2
  failure,           // the machine or a library failed on good input: exit code 1
  threshold_missed,  // a stated threshold was not reached: exit code 3
  interrupted,       // the user stopped the run: exit code 130
};

// The one exception of Petal. Its message reads "WHERE: WHAT", where WHERE names the file, layer or flag
// (`conv2d 'block_3_expand'`, `weights.h5: layer 'Conv1'`, `--alpha`) and WHAT says what was found, what was
// expected, and the mend.
class Error : public std::runtime_error {
 public:
  Error(const std::string& where, const std::string& what, ErrorKind kind = ErrorKind::bad_input)
      : std::runtime_error(where + ": " + what), kind_(kind) {}

  ErrorKind kind() const { return kind_; }

 private:
  ErrorKind kind_;
};

}  // namespace petal
