// Passwords, random tokens, digests and signatures, by libsodium.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace vigil {

// argon2id (RFC 9106), 64 MiB, 3 passes; the text form holds salt and cost. About 0.1 s: never on
// an I/O thread.
Result<std::string> HashPassword(std::string_view password);
// False for a wrong password and for a damaged hash. Same cost as HashPassword.
bool VerifyPassword(std::string_view hash, std::string_view password);

// Random, URL-safe text (base64url without padding) of `bytes` random bytes; 32 for tokens.
std::string RandomToken(std::size_t bytes = 32);
// A password people can type: groups of letters and digits without look-alikes, about 80 bits.
std::string RandomPassword();

// Lower-case hex of SHA-256.
std::string Sha256Hex(std::span<const std::byte> bytes);
std::string Sha256Hex(std::string_view text);
// SHA-256 of a file, read in pieces. kNotFound or kPermission name the file.
Result<std::string> Sha256HexOfFile(const std::string& path);

// HMAC-SHA-256 (RFC 2104), raw 32 bytes.
std::string HmacSha256(std::string_view key, std::string_view message);

// Ed25519 (RFC 8032). A seed is 32 random bytes and secret; who signs is known by the 32 bytes of
// the public key; a signature is 64 bytes. All raw. A seed of another length fails a check.
std::string RandomSigningSeed();
std::string SigningPublicKey(std::string_view seed);
std::string Sign(std::string_view seed, std::string_view message);
// False for anything that is not this key's signature of this message.
bool VerifySignature(std::string_view public_key, std::string_view message,
                     std::string_view signature);

std::string Base64Encode(std::string_view bytes);
Result<std::string> Base64Decode(std::string_view text);

// Comparison whose time does not depend on where the texts differ.
bool EqualInConstantTime(std::string_view left, std::string_view right);

}  // namespace vigil
