//! ChaCha20-Poly1305 (RFC 8439) for the records of TLS 1.3 (RFC 8446, section 5.2).

use chacha20poly1305::aead::inout::InOutBuf;
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Nonce as CipherNonce, Tag};
use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, MessageDecrypter, MessageEncrypter, Nonce,
    OutboundOpaqueMessage, OutboundPlainMessage, PrefixedPayload, Tls13AeadAlgorithm, UnsupportedOperationError,
    make_tls13_aad,
};
use rustls::{ConnectionTrafficSecrets, ContentType, Error, ProtocolVersion};
use zeroize::Zeroizing;

const KEY: usize = 32;
const TAG: usize = 16;

pub(super) struct ChaChaPoly;

impl Tls13AeadAlgorithm for ChaChaPoly {
    fn encrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageEncrypter> {
        Box::new(Records { cipher: cipher(&key), iv })
    }

    fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
        Box::new(Records { cipher: cipher(&key), iv })
    }

    fn key_len(&self) -> usize {
        KEY
    }

    fn extract_keys(&self, _key: AeadKey, _iv: Iv) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        Err(UnsupportedOperationError)
    }
}

fn cipher(key: &AeadKey) -> ChaCha20Poly1305 {
    let mut bytes = Zeroizing::new([0; KEY]);
    // rustls makes keys of the length that `key_len` says.
    bytes.copy_from_slice(key.as_ref());
    ChaCha20Poly1305::new(&(*bytes).into())
}

/// One direction of a connection.
struct Records {
    cipher: ChaCha20Poly1305,
    iv: Iv,
}

impl Records {
    fn nonce(&self, number: u64) -> CipherNonce {
        CipherNonce::from(Nonce::new(&self.iv, number).0)
    }
}

impl MessageEncrypter for Records {
    fn encrypt(&mut self, msg: OutboundPlainMessage<'_>, seq: u64) -> Result<OutboundOpaqueMessage, Error> {
        let length = self.encrypted_payload_len(msg.payload.len());
        let mut payload = PrefixedPayload::with_capacity(length);
        payload.extend_from_chunks(&msg.payload);
        payload.extend_from_slice(&msg.typ.to_array());
        let (nonce, aad) = (self.nonce(seq), make_tls13_aad(length));
        let text: &mut [u8] = payload.as_mut();
        let tag = self.cipher.encrypt_inout_detached(&nonce, &aad, InOutBuf::from(text));
        payload.extend_from_slice(&tag.map_err(|_| Error::EncryptError)?);
        Ok(OutboundOpaqueMessage::new(ContentType::ApplicationData, ProtocolVersion::TLSv1_2, payload))
    }

    fn encrypted_payload_len(&self, payload_len: usize) -> usize {
        // The type of what is in it, and the tag.
        payload_len + 1 + TAG
    }
}

impl MessageDecrypter for Records {
    fn decrypt<'a>(&mut self, mut msg: InboundOpaqueMessage<'a>, seq: u64) -> Result<InboundPlainMessage<'a>, Error> {
        let (nonce, aad) = (self.nonce(seq), make_tls13_aad(msg.payload.len()));
        let (text, tag) = msg.payload.split_last_chunk_mut::<TAG>().ok_or(Error::DecryptError)?;
        let (length, tag) = (text.len(), Tag::from(*tag));
        self.cipher
            .decrypt_inout_detached(&nonce, &aad, InOutBuf::from(text), &tag)
            .map_err(|_| Error::DecryptError)?;
        msg.payload.truncate(length);
        msg.into_tls13_unpadded_message()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_opened_by_its_key_and_number_alone_and_a_changed_or_short_one_not_at_all() {
        let (key, iv) = (|| AeadKey::from([7; 32]), || Iv::from([9; 12]));
        let mut sealer = ChaChaPoly.encrypter(key(), iv());
        let text = b"GET / HTTP/1.1";
        let plain = OutboundPlainMessage {
            typ: ContentType::ApplicationData,
            version: ProtocolVersion::TLSv1_3,
            payload: text[..].into(),
        };
        let sealed = sealer.encrypt(plain, 3).unwrap().encode();
        // A head of five bytes, the text, its type, and the tag.
        assert_eq!((sealed.len(), &sealed[..5]), (5 + 14 + 1 + 16, &[0x17, 3, 3, 0, 31][..]));
        let open = |number: u64, mut record: Vec<u8>| {
            let mut opener = ChaChaPoly.decrypter(key(), iv());
            let sealed = InboundOpaqueMessage::new(ContentType::ApplicationData, ProtocolVersion::TLSv1_2, &mut record);
            opener.decrypt(sealed, number).map(|plain| (plain.typ, plain.payload.to_vec()))
        };
        let record = sealed[5..].to_vec();
        assert_eq!(open(3, record.clone()).unwrap(), (ContentType::ApplicationData, text.to_vec()));
        assert!(open(4, record.clone()).is_err());
        for at in 0..record.len() {
            let mut changed = record.clone();
            changed[at] ^= 1;
            assert!(open(3, changed).is_err(), "{at}");
        }
        for length in [0, 15, record.len() - 1] {
            assert!(open(3, record[..length].to_vec()).is_err(), "{length}");
        }
    }
}
