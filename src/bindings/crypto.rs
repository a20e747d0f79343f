//! Digests for guests, at native speed (`crypto.subtle.digest`, HMAC; reference §2.3).
//!
//! Invariant: pure functions of their arguments.

use emu_abi::{Answer, Bytes, Hash};
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

pub(super) fn digest(hash: Hash, data: &[u8]) -> Answer {
    bytes(match hash {
        Hash::Md5 => Md5::digest(data).to_vec(),
        Hash::Sha1 => Sha1::digest(data).to_vec(),
        Hash::Sha256 => Sha256::digest(data).to_vec(),
        Hash::Sha384 => Sha384::digest(data).to_vec(),
        Hash::Sha512 => Sha512::digest(data).to_vec(),
    })
}

pub(super) fn hmac(hash: Hash, key: &[u8], data: &[u8]) -> Answer {
    bytes(match hash {
        Hash::Md5 => keyed::<Hmac<Md5>>(key, data),
        Hash::Sha1 => keyed::<Hmac<Sha1>>(key, data),
        Hash::Sha256 => keyed::<Hmac<Sha256>>(key, data),
        Hash::Sha384 => keyed::<Hmac<Sha384>>(key, data),
        Hash::Sha512 => keyed::<Hmac<Sha512>>(key, data),
    })
}

fn keyed<M: Mac + KeyInit>(key: &[u8], data: &[u8]) -> Vec<u8> {
    // HMAC takes keys of every length.
    <M as KeyInit>::new_from_slice(key)
        .map_or_else(|_| Vec::new(), |mac| mac.chain_update(data).finalize().into_bytes().to_vec())
}

fn bytes(bytes: Vec<u8>) -> Answer {
    Answer::Bytes(Bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(answer: Answer) -> String {
        let Answer::Bytes(Bytes(bytes)) = answer else { panic!("no bytes") };
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn digests_are_those_of_the_standards() {
        // FIPS 180-4 and RFC 1321, of "abc".
        let cases = [
            (Hash::Md5, "900150983cd24fb0d6963f7d28e17f72"),
            (Hash::Sha1, "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (Hash::Sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ];
        for (hash, expected) in cases {
            assert_eq!(hex(digest(hash, b"abc")), expected, "{hash:?}");
        }
        assert!(hex(digest(Hash::Sha384, b"abc")).starts_with("cb00753f45a35e8bb5a03d699ac65007"));
        assert!(hex(digest(Hash::Sha512, b"abc")).starts_with("ddaf35a193617abacc417349ae204131"));
    }

    #[test]
    fn keyed_digests_are_those_of_the_standards() {
        // RFC 2202 and RFC 4231, test case 2.
        let (key, data) = (b"Jefe".as_slice(), b"what do ya want for nothing?".as_slice());
        let cases = [
            (Hash::Md5, "750c783e6ab0b503eaa86e310a5db738"),
            (Hash::Sha1, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
            (Hash::Sha256, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        ];
        for (hash, expected) in cases {
            assert_eq!(hex(hmac(hash, key, data)), expected, "{hash:?}");
        }
        assert!(hex(hmac(Hash::Sha512, &[7; 500], data)).len() == 128);
    }
}
