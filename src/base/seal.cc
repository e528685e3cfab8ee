// XChaCha20-Poly1305 sealing and the key file.
#include "base/seal.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>

#include "base/check.h"
#include "base/format.h"
#include "base/sync_folder.h"

namespace vigil {
namespace {

constexpr std::byte kVersion{1};
constexpr std::size_t kKeyIdBytes = 4;
constexpr std::size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr std::size_t kHeadBytes = 1 + kKeyIdBytes + kNonceBytes;
static_assert(Sealer::kKeyBytes == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);

const unsigned char* Raw(const std::byte* bytes) {
  return reinterpret_cast<const unsigned char*>(bytes);
}
unsigned char* Raw(std::byte* bytes) { return reinterpret_cast<unsigned char*>(bytes); }

using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

// XChaCha20-Poly1305 as libsodium has it, three times as fast: its first step (HChaCha20) gives the
// key of an ordinary ChaCha20-Poly1305 (RFC 8439), which OpenSSL computes with the processor's
// widest instructions. `encrypt`: whether the context seals. Needs an OpenSSL that may use
// this cipher: not one that is restricted to FIPS.
CipherContext StartCipher(const unsigned char* key, const unsigned char* nonce,
                          std::string_view context, bool encrypt) {
  static const EVP_CIPHER* const cipher =
      EVP_CIPHER_fetch(nullptr, "ChaCha20-Poly1305", nullptr);  // for the life of the process
  std::array<unsigned char, crypto_core_hchacha20_OUTPUTBYTES> subkey{};
  crypto_core_hchacha20(subkey.data(), nonce, key, nullptr);
  std::array<unsigned char, 12> rest{};
  std::memcpy(&rest[4], nonce + crypto_core_hchacha20_INPUTBYTES,
              kNonceBytes - crypto_core_hchacha20_INPUTBYTES);
  CipherContext cipher_context(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  int length = 0;
  VIGIL_CHECK(cipher != nullptr && cipher_context != nullptr);
  VIGIL_CHECK(EVP_CipherInit_ex2(cipher_context.get(), cipher, subkey.data(), rest.data(),
                                 encrypt ? 1 : 0, nullptr) == 1);
  sodium_memzero(subkey.data(), subkey.size());
  VIGIL_CHECK(context.empty() ||
              EVP_CipherUpdate(cipher_context.get(), nullptr, &length,
                               reinterpret_cast<const unsigned char*>(context.data()),
                               static_cast<int>(context.size())) == 1);
  return cipher_context;
}

// OpenSSL counts in int.
void Crypt(EVP_CIPHER_CTX* cipher, std::span<const std::byte> from, std::byte* to) {
  constexpr std::size_t kPieceBytes = std::size_t{1} << 30U;
  while (!from.empty()) {
    const auto piece = from.first(std::min(from.size(), kPieceBytes));
    int length = 0;
    VIGIL_CHECK(EVP_CipherUpdate(cipher, Raw(to), &length, Raw(piece.data()),
                                 static_cast<int>(piece.size())) == 1);
    from = from.subspan(piece.size());
    to += piece.size();
  }
}

// Writes the new key so that a crash leaves either no file or a whole one. Each writer has a
// temporary file of its own: a shared one is, once linked, the key that the other has begun to use.
Status WriteKeyFile(const std::filesystem::path& file, std::string_view hex) {
  const std::filesystem::path temporary =
      file.string() + format(".{:08x}.new", randombytes_random());
  const int descriptor =
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (descriptor < 0) {
    return Fail(ErrorCode::kPermission,
                format("cannot write the key file {}: {}; choose a data directory that this user "
                       "may write",
                       file.string(), std::strerror(errno)));
  }
  const bool written =
      ::write(descriptor, hex.data(), hex.size()) == static_cast<ssize_t>(hex.size()) &&
      ::fsync(descriptor) == 0;
  int cause = errno;
  ::close(descriptor);
  // link() refuses to replace a key that another process made meanwhile.
  const bool placed = written &&
                      (::link(temporary.c_str(), file.c_str()) == 0 || errno == EEXIST) &&
                      SyncFolder(file.parent_path());
  if (written) cause = errno;
  ::unlink(temporary.c_str());
  if (!placed) {
    return Fail(ErrorCode::kUnavailable,
                format("cannot write the key file {}: {}", file.string(), std::strerror(cause)));
  }
  return {};
}

}  // namespace

Sealer::Sealer(std::array<unsigned char, kKeyBytes> key) : key_(key) {
  unsigned char digest[crypto_hash_sha256_BYTES];
  crypto_hash_sha256(digest, key_.data(), key_.size());
  std::memcpy(&key_id_, digest, sizeof key_id_);
}

Result<Sealer> Sealer::FromHex(std::string_view hex) {
  VIGIL_CHECK(sodium_init() >= 0);
  std::array<unsigned char, kKeyBytes> key{};
  std::size_t length = 0;
  const char* end = nullptr;
  if (sodium_hex2bin(key.data(), key.size(), hex.data(), hex.size(), nullptr, &length, &end) != 0 ||
      length != kKeyBytes || end != hex.data() + hex.size()) {
    return Fail(ErrorCode::kInvalidArgument, "a sealing key is 64 hexadecimal characters");
  }
  return Sealer(key);
}

Result<Sealer> Sealer::FromKeyFile(const std::filesystem::path& file) {
  VIGIL_CHECK(sodium_init() >= 0);
  std::error_code failure;
  if (!std::filesystem::exists(file, failure)) {
    std::array<unsigned char, kKeyBytes> key{};
    randombytes_buf(key.data(), key.size());
    std::array<char, kKeyBytes * 2 + 1> hex{};
    sodium_bin2hex(hex.data(), hex.size(), key.data(), key.size());
    VIGIL_RETURN_IF_ERROR(WriteKeyFile(file, hex.data()));
  }
  std::ifstream input(file);
  if (!input) {
    return Fail(
        ErrorCode::kPermission,
        format("cannot read the key file {}; it must be readable by this user", file.string()));
  }
  std::string hex;
  input >> hex;
  auto sealer = FromHex(hex);
  if (!sealer) {
    return Fail(ErrorCode::kDataLoss,
                format("the key file {} is damaged: {}; restore it from a backup, without it the "
                       "stored faces cannot be read",
                       file.string(), sealer.error().message));
  }
  return sealer;
}

Bytes Sealer::Seal(std::span<const std::byte> plain, std::string_view context) const {
  Bytes sealed(kHeadBytes + plain.size() + kTagBytes);
  sealed[0] = kVersion;
  std::memcpy(&sealed[1], &key_id_, kKeyIdBytes);
  std::byte* nonce = &sealed[1 + kKeyIdBytes];
  randombytes_buf(nonce, kNonceBytes);
  const CipherContext cipher = StartCipher(key_.data(), Raw(nonce), context, true);
  std::byte* const to = sealed.data() + kHeadBytes;
  Crypt(cipher.get(), plain, to);
  int length = 0;
  VIGIL_CHECK(EVP_CipherFinal_ex(cipher.get(), Raw(to + plain.size()), &length) == 1);
  VIGIL_CHECK(
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes, to + plain.size()) == 1);
  return sealed;
}

Result<Bytes> Sealer::Open(std::span<const std::byte> sealed, std::string_view context) const {
  Bytes plain;
  VIGIL_RETURN_IF_ERROR(OpenInto(sealed, context, plain));
  return plain;
}

Status Sealer::OpenInto(std::span<const std::byte> sealed, std::string_view context,
                        Bytes& plain) const {
  plain.clear();
  if (sealed.size() < kHeadBytes + kTagBytes || sealed[0] != kVersion) {
    return Fail(ErrorCode::kDataLoss, "sealed bytes are cut or of an unknown version");
  }
  if (std::memcmp(&sealed[1], &key_id_, kKeyIdBytes) != 0) {
    return Fail(ErrorCode::kDataLoss, "sealed under another key; use the key file they came with");
  }
  const CipherContext cipher =
      StartCipher(key_.data(), Raw(sealed.data() + 1 + kKeyIdBytes), context, false);
  const auto tag = sealed.last(kTagBytes);
  const auto body = sealed.subspan(kHeadBytes, sealed.size() - kHeadBytes - kTagBytes);
  plain.resize(body.size());
  Crypt(cipher.get(), body, plain.data());
  // OpenSSL takes the tag through a pointer to bytes it could change.
  std::array<unsigned char, kTagBytes> wanted{};
  std::memcpy(wanted.data(), tag.data(), tag.size());
  VIGIL_CHECK(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, wanted.data()) ==
              1);
  int length = 0;
  if (EVP_CipherFinal_ex(cipher.get(), Raw(plain.data() + plain.size()), &length) != 1) {
    sodium_memzero(plain.data(), plain.size());
    plain.clear();
    return Fail(ErrorCode::kDataLoss, "sealed bytes were altered or moved");
  }
  return {};
}

Bytes Sealer::SealText(std::string_view plain, std::string_view context) const {
  return Seal(std::as_bytes(std::span(plain)), context);
}

Result<std::string> Sealer::OpenText(std::span<const std::byte> sealed,
                                     std::string_view context) const {
  VIGIL_ASSIGN_OR_RETURN(const Bytes plain, Open(sealed, context));
  return std::string(reinterpret_cast<const char*>(plain.data()), plain.size());
}

std::string Sealer::Fingerprint(std::span<const std::byte> bytes) const {
  constexpr std::string_view kPurpose = "vigil fingerprint";
  std::array<unsigned char, kKeyBytes> key{};
  crypto_generichash(key.data(), key.size(),
                     reinterpret_cast<const unsigned char*>(kPurpose.data()), kPurpose.size(),
                     key_.data(), key_.size());
  std::array<unsigned char, crypto_generichash_BYTES> digest{};
  crypto_generichash(digest.data(), digest.size(), Raw(bytes.data()), bytes.size(), key.data(),
                     key.size());
  sodium_memzero(key.data(), key.size());
  std::array<char, digest.size() * 2 + 1> hex{};
  sodium_bin2hex(hex.data(), hex.size(), digest.data(), digest.size());
  return hex.data();
}

}  // namespace vigil
