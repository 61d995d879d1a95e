#include "crypto/link_cipher.hpp"

namespace lanyard::crypto {

LinkCipher::LinkCipher(CipherState send, CipherState receive)
    : send_(std::move(send)), receive_(std::move(receive)) {}

Status LinkCipher::seal(ByteView plain, Bytes& frame) {
  frame.clear();
  if (plain.size() > kPlainBytesMax) return fail(Code::kTooLarge, "more than one frame can hold");
  return send_.encrypt({}, plain, frame);
}

Status LinkCipher::open(ByteView frame, Bytes& plain) {
  plain.clear();
  return receive_.decrypt({}, frame, plain);
}

}  // namespace lanyard::crypto
