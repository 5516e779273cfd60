//! Answers with the key of `password` and `salt` in hexadecimal, or with the error's name and what
//! it says: by scrypt if there is an `n`, else by PBKDF2 with `hash` and `iterations`. It asks
//! `times` times.

use guest::{Reply, Request, Result};

use self::bindings::wasgi::crypto::kdf::{Error, Hash, pbkdf2_hmac, scrypt};

mod bindings {
    wit_bindgen::generate!({ path: "../../../wit/crypto", world: "imports" });
}

async fn handle(request: Request, reply: Reply) -> Result {
    let times = request.parameter("times").unwrap_or(1);
    let mut last = String::new();
    for _ in 0..times {
        last = match derive(&request) {
            Ok(key) => key.iter().map(|byte| format!("{byte:02x}")).collect(),
            Err(Error::Invalid(message)) => format!("invalid: {message}"),
            Err(Error::TooCostly(message)) => format!("too-costly: {message}"),
            Err(Error::Denied) => "denied".to_owned(),
        };
    }
    reply.text(last).await
}

fn derive(request: &Request) -> std::result::Result<Vec<u8>, Error> {
    let number = |name: &str, default| request.parameter(name).unwrap_or(default);
    let (password, salt) = (b"password", b"salt");
    let length = number("length", 20);
    if let Some(n) = request.parameter("n") {
        return scrypt(password, salt, n, number("r", 8), number("p", 1), length);
    }
    let hash = match request.parameter::<String>("hash").as_deref() {
        Some("sha224") => Hash::Sha224,
        Some("sha256") => Hash::Sha256,
        Some("sha384") => Hash::Sha384,
        Some("sha512") => Hash::Sha512,
        _ => Hash::Sha1,
    };
    pbkdf2_hmac(hash, password, salt, number("iterations", 1), length)
}

guest::export!(handle);
