//! The checks over plain values: every caller that is let in, and every one that must be refused.

use super::*;
use crate::platform::home::Token;

const SECRET: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

fn token() -> Keys {
    Keys::load(std::path::Path::new("/nowhere"), Token::parse(SECRET).unwrap())
}

fn owner(authorization: &str) -> Caller<'_> {
    Caller {
        host: Field::One("127.0.0.1:7780"),
        origin: Field::Absent,
        site: Field::Absent,
        authorization: Field::One(authorization),
        access: Access::Read,
        from: IpAddr::V4(Ipv4Addr::LOCALHOST),
        agent: "curl",
        now: Instant::from_millis(1000),
        tls: Secured::No,
    }
}

#[test]
fn every_loopback_name_of_this_machine_is_accepted() {
    for own in [
        "localhost",
        "LocalHost:7780",
        "localhost.",
        "localhost.:80",
        "127.0.0.1",
        "127.0.0.1:7780",
        "127.8.9.10:1",
        "[::1]",
        "[::1]:7780",
        "[0:0:0:0:0:0:0:1]",
    ] {
        assert!(is_loopback(own), "{own}");
    }
}

#[test]
fn no_other_name_is_accepted_as_this_machine() {
    for foreign in [
        "",
        ".",
        "evil.example",
        "localhost.evil.example",
        "evil.localhost",
        "127.0.0.1.evil.example",
        "127.0.0.1.nip.io",
        "0.0.0.0",
        "192.168.1.4:7780",
        "2130706433",
        "0x7f.1",
        "127.1",
        "0177.0.0.1",
        "[::]",
        "[::ffff:127.0.0.1]",
        "::1",
        "[::1",
        "[::1]x",
        "localhost:",
        "localhost:x",
        "localhost:+80",
        "localhost:99999",
        "localhost:1:2",
        "localhost..",
        "localhost@evil.example",
        " localhost",
        "local host",
        "lоcalhost",
    ] {
        // "localhost:" among them: the URL standard removes an empty port before a request is sent.
        assert!(!is_loopback(foreign), "{foreign}");
    }
}

/// Whether the caller is let in.
fn check(caller: &Caller<'_>, keys: &Keys, lan_address: Option<SocketAddr>) -> Result<(), Refusal> {
    admitted(caller, keys, lan_address).map(|_| ())
}

#[test]
fn the_owner_is_let_in() {
    let bearer = format!("Bearer {SECRET}");
    assert_eq!(check(&owner(&bearer), &token(), None), Ok(()));
    assert_eq!(check(&owner(&bearer.replace("Bearer", "bearer")), &token(), None), Ok(()));
    let page =
        Caller { origin: Field::One("http://127.0.0.1:7780"), site: Field::One("same-origin"), ..owner(&bearer) };
    assert_eq!(check(&page, &token(), None), Ok(()));
    let named = Caller { host: Field::One("LOCALHOST:80"), origin: Field::One("http://localhost"), ..owner(&bearer) };
    assert_eq!(check(&named, &token(), None), Ok(()));
    let first = Caller { authorization: Field::Absent, site: Field::One("none"), access: Access::Open, ..owner("") };
    assert_eq!(check(&first, &token(), None), Ok(()));
}

#[test]
fn a_foreign_host_is_refused_even_with_the_token_and_on_open_calls() {
    let bearer = format!("Bearer {SECRET}");
    for host in [Field::Absent, Field::Many, Field::One("evil.example:7780"), Field::One("")] {
        let caller = Caller { host, access: Access::Open, ..owner(&bearer) };
        assert_eq!(check(&caller, &token(), None), Err(Refusal::Host), "{host:?}");
    }
}

#[test]
fn a_foreign_origin_is_refused_even_with_the_token_and_on_open_calls() {
    let bearer = format!("Bearer {SECRET}");
    for origin in [
        "null",
        "",
        "http://evil.example",
        "https://127.0.0.1:7780",
        "http://127.0.0.1:7781",
        "http://127.0.0.1",
        "http://localhost:7780",
        "http://127.0.0.1:7780.evil.example",
        "http://127.0.0.1:7780/",
        "127.0.0.1:7780",
    ] {
        let caller = Caller { origin: Field::One(origin), access: Access::Open, ..owner(&bearer) };
        assert_eq!(check(&caller, &token(), None), Err(Refusal::Origin), "{origin}");
    }
    let twice = Caller { origin: Field::Many, ..owner(&bearer) };
    assert_eq!(check(&twice, &token(), None), Err(Refusal::Origin));
    for site in [Field::One("cross-site"), Field::One("same-site"), Field::One("?"), Field::Many] {
        assert_eq!(check(&Caller { site, ..owner(&bearer) }, &token(), None), Err(Refusal::Origin), "{site:?}");
    }
}

#[test]
fn no_token_and_a_wrong_token_are_refused_and_nothing_sent_is_repeated() {
    for (offered, refusal) in [
        ("", Refusal::NoToken),
        (SECRET, Refusal::NoToken),
        ("Bearer", Refusal::NoToken),
        (&format!("Basic {SECRET}"), Refusal::NoToken),
        ("Bearer ", Refusal::WrongToken),
        (&format!("Bearer {}", "0".repeat(64)), Refusal::WrongToken),
        (&format!("Bearer {}", &SECRET[..63]), Refusal::WrongToken),
        (&format!("Bearer {SECRET}0"), Refusal::WrongToken),
        (&format!("Bearer {}", SECRET.to_uppercase()), Refusal::WrongToken),
    ] {
        assert_eq!(check(&owner(offered), &token(), None), Err(refusal), "{offered}");
        assert!(!refusal.sentence().contains(&SECRET[..8]));
    }
    for authorization in [Field::Absent, Field::Many] {
        assert_eq!(check(&Caller { authorization, ..owner("") }, &token(), None), Err(Refusal::NoToken));
    }
}

#[test]
fn a_lan_address_accepts_only_itself_as_host_and_still_needs_the_token() {
    let lan_address = Some("192.168.1.4:7780".parse().unwrap());
    let bearer = format!("Bearer {SECRET}");
    let at = |host| Caller { host: Field::One(host), ..owner(&bearer) };
    for host in ["192.168.1.4:7780", "192.168.1.4"] {
        assert_eq!(check(&at(host), &token(), lan_address), Ok(()), "{host}");
    }
    for host in
        ["192.168.1.5:7780", "localhost", "127.0.0.1:7780", "nas.local:7780", "192.168.1.4:7781", "evil.example"]
    {
        assert_eq!(check(&at(host), &token(), lan_address), Err(Refusal::Host), "{host}");
    }
    let without = Caller { authorization: Field::Absent, ..at("192.168.1.4:7780") };
    assert_eq!(check(&without, &token(), lan_address), Err(Refusal::NoToken));
    let page = Caller { origin: Field::One("http://evil.example"), ..at("192.168.1.4:7780") };
    assert_eq!(check(&page, &token(), lan_address), Err(Refusal::Origin));
    assert_eq!(
        check(&at("192.168.1.4:7780"), &token(), None),
        Err(Refusal::Host),
        "without a LAN listener the address is foreign"
    );
    let six = Some("[fd00::4]:7780".parse().unwrap());
    assert_eq!(check(&at("[fd00::4]:7780"), &token(), six), Ok(()));
    assert_eq!(check(&at("[fd00::4]"), &token(), six), Ok(()));
}

#[test]
fn a_call_that_carries_a_secret_is_made_on_the_device_itself_only() {
    let (token, bearer, lan) = (token(), format!("Bearer {SECRET}"), "192.168.1.4:7780".parse().ok());
    let local = |host| Caller { access: Access::Local, host: Field::One(host), ..owner(&bearer) };
    assert_eq!(check(&local("localhost"), &token, None), Ok(()));
    assert_eq!(check(&local("192.168.1.4:7780"), &token, lan), Err(Refusal::NotHere));
    let without = Caller { authorization: Field::Absent, ..local("192.168.1.4:7780") };
    assert_eq!(check(&without, &token, lan), Err(Refusal::NoToken), "strangers learn nothing of it");
}

#[test]
fn whatever_changes_the_mesh_or_shows_a_code_is_answered_on_the_device_itself_only() {
    let open = ["GET /v1/mesh"];
    let about_the_mesh = ["/v1/pair", "/v1/join", "/v1/mesh", "/v1/remove", "/v1/invite", "/v1/leave"];
    let of_the_mesh = |path: &str| about_the_mesh.iter().any(|start| path.starts_with(start));
    let mut checked = 0;
    for route in super::super::routes::routes().filter(|route| of_the_mesh(route.path)) {
        let expected = if open.contains(&format!("{route:?}").as_str()) { Access::Read } else { Access::Local };
        assert_eq!(route.access, expected, "{route:?}");
        checked += 1;
    }
    assert!(checked >= about_the_mesh.len(), "{checked} rows");
}

#[test]
fn a_named_token_may_do_what_its_role_says_and_no_more() {
    let home = tempfile::tempdir().unwrap();
    let keys = Keys::load(home.path(), Token::parse(SECRET).unwrap());
    let tokens =
        [Role::Read, Role::Write, Role::Admin].map(|role| (role, keys.create(&role.to_string(), role).unwrap()));
    let calls = [Access::Open, Access::Read, Access::Write, Access::Admin, Access::Local];
    let mut refused = 0;
    for (role, token) in &tokens {
        let bearer = format!("Bearer {}", token.reveal());
        for access in calls {
            let found = check(&Caller { access, ..owner(&bearer) }, &keys, None);
            match access.role() {
                Some(needed) if needed > *role => {
                    assert_eq!(found, Err(Refusal::Role(needed)), "{role}, {access:?}");
                    assert_eq!(Refusal::Role(needed).status(), Status::Forbidden);
                    refused += 1;
                }
                needed => {
                    assert_eq!(found, Ok(()), "{role}, {access:?}");
                    let told = admitted(&Caller { access, ..owner(&bearer) }, &keys, None);
                    assert_eq!(told, Ok(needed.map(|_| *role)), "the page is told what it may do: {access:?}");
                }
            }
        }
    }
    assert_eq!(refused, 5);
    let bearer = format!("Bearer {}", tokens[2].1.reveal());
    let over_the_network = Caller { access: Access::Local, host: Field::One("192.168.1.4:7780"), ..owner(&bearer) };
    assert_eq!(check(&over_the_network, &keys, "192.168.1.4:7780".parse().ok()), Err(Refusal::NotHere));
    keys.revoke("admin").unwrap();
    assert_eq!(check(&owner(&bearer), &keys, None), Err(Refusal::WrongToken));
}

#[test]
fn what_changes_something_is_not_for_those_who_may_read() {
    // Questions are posted, as are texts to embed; they change nothing.
    let asks = ["/v1/search", "/v1/collection/forecast", "/v1/embeddings", "/api/embed", "/embed", "/mcp"];
    // These ask for a password first, or end the session of who asks.
    let opens = ["/v1/session", "/v1/password/first", "/v1/session/end"];
    for route in super::super::routes::routes() {
        let reads = route.method == trillium::Method::Get || asks.contains(&route.path) || opens.contains(&route.path);
        let may_read = matches!(route.access, Access::Public | Access::Open | Access::Read);
        assert!(reads || !may_read, "{route:?}");
    }
}

#[test]
fn who_tries_tokens_is_told_to_wait_and_a_right_one_works_meanwhile_at_each_address() {
    let (keys, bearer) = (token(), format!("Bearer {SECRET}"));
    let wrong = |number: usize| format!("Bearer {number:064x}");
    let lan: Option<SocketAddr> = "192.168.1.4:7780".parse().ok();
    let far = |authorization: &str, now| {
        let caller = Caller {
            host: Field::One("192.168.1.4:7780"),
            from: "192.168.1.9".parse().unwrap(),
            now: Instant::from_millis(now),
            ..owner(authorization)
        };
        check(&caller, &keys, lan)
    };
    for number in 0..5 {
        assert_eq!(check(&owner(&wrong(number)), &keys, None), Err(Refusal::WrongToken));
        assert_eq!(far(&wrong(number), 1000), Err(Refusal::WrongToken));
    }
    let missing = Caller { authorization: Field::Absent, ..owner("") };
    assert_eq!(check(&missing, &keys, None), Err(Refusal::NoToken), "that is no try");
    assert_eq!(check(&owner(&wrong(5)), &keys, None), Err(Refusal::TooMany(60)));
    assert_eq!(far(&wrong(5), 2000), Err(Refusal::TooMany(59)));
    assert_eq!(far(&wrong(4), 2000), Err(Refusal::WrongToken), "the same one again is no guess");
    assert_eq!(check(&owner(&bearer), &keys, None), Ok(()));
    assert_eq!(far(&bearer, 2000), Ok(()), "over the network too");
    assert_eq!(far(&wrong(5), 61_000), Err(Refusal::WrongToken), "a minute later");
    let too_many = Refusal::TooMany(59);
    assert_eq!(too_many.status(), Status::TooManyRequests);
    assert!(too_many.sentence().contains("Retry-After"));
}

#[test]
fn a_token_that_may_do_less_than_all_gives_its_holder_no_guesses_at_the_password() {
    let home = tempfile::tempdir().unwrap();
    let keys = Keys::load(home.path(), Token::parse(SECRET).unwrap());
    let guesses = |role: Role| {
        let bearer = format!("Bearer {}", keys.create(&role.to_string(), role).unwrap().reveal());
        let from: IpAddr = format!("10.0.0.{}", 1 + u8::from(role == Role::Admin)).parse().unwrap();
        let mut looked_at = 0;
        for number in 0..20 {
            let agent = format!("guesser {number}");
            assert_eq!(check(&Caller { from, agent: &agent, ..owner(&bearer) }, &keys, None), Ok(()));
            let source = keys.throttle().source(from, None, &agent);
            looked_at += usize::from(keys.throttle().try_password(source, Instant::from_millis(1000)).is_ok());
        }
        looked_at
    };
    assert_eq!(guesses(Role::Read), 10, "as of any address");
    assert_eq!(guesses(Role::Write), 0, "which has no more by another token");
    assert_eq!(guesses(Role::Admin), 20, "who may do everything has tries of its own");
}

#[test]
fn where_the_owner_says_so_callers_of_this_machine_need_no_token_and_nobody_else_is_let_in_by_that() {
    let keys = token().with_open_here(true);
    let lan: Option<SocketAddr> = "192.168.1.4:7780".parse().ok();
    let without = Caller { authorization: Field::Absent, access: Access::Local, ..owner("") };
    assert_eq!(check(&without, &keys, None), Ok(()));
    assert_eq!(check(&without, &token(), None), Err(Refusal::NoToken), "by default one is needed");
    let far = Caller { host: Field::One("192.168.1.4:7780"), ..without };
    assert_eq!(check(&far, &keys, lan), Err(Refusal::NoToken));
    for origin in ["null", "http://evil.example", "http://127.0.0.1:7781"] {
        let page = Caller { origin: Field::One(origin), ..without };
        assert_eq!(check(&page, &keys, None), Err(Refusal::Origin), "{origin}");
    }
    assert_eq!(check(&Caller { host: Field::One("evil.example"), ..without }, &keys, None), Err(Refusal::Host));
    let wrong = format!("Bearer {}", "0".repeat(64));
    assert_eq!(check(&owner(&wrong), &keys, None), Err(Refusal::WrongToken), "what is offered is looked at");
    assert_eq!(check(&owner("Basic x"), &keys, None), Err(Refusal::NoToken));
}

#[test]
fn where_tls_is_on_the_names_of_the_certificate_are_taken_over_it_alone_and_nothing_is_answered_in_the_clear() {
    let folder = tempfile::tempdir().unwrap();
    let root = crate::platform::home::Home::at(folder.path()).tls_root().unwrap();
    let address: SocketAddr = "192.168.1.4:7780".parse().unwrap();
    let tls = Tls::new(root, "attic", address).unwrap();
    let (bearer, keys) = (format!("Bearer {SECRET}"), token());
    let of = |host, tls| check(&Caller { host: Field::One(host), tls, ..owner(&bearer) }, &keys, Some(address));
    for own in ["attic.local:7780", "attic.lan", "192.168.1.4:7780"] {
        assert_eq!(of(own, Secured::Yes(&tls)), Ok(()), "{own}");
        assert_eq!(of(own, Secured::Plain(&tls)), Err(Refusal::Plain), "{own}");
        let root = Caller { host: Field::One(own), tls: Secured::Plain(&tls), access: Access::Public, ..owner("") };
        assert_eq!(check(&root, &keys, Some(address)), Ok(()), "{own}");
    }
    assert_eq!(of("attic.local:7780", Secured::No), Err(Refusal::Host), "anybody can register a name");
    for foreign in ["evil.example", "attic.local:7781", "attic", "evil.local:7780", "127.0.0.1:7780"] {
        for secured in [Secured::No, Secured::Plain(&tls), Secured::Yes(&tls)] {
            assert_eq!(of(foreign, secured), Err(Refusal::Host), "{foreign} {secured:?}");
        }
    }
    let from = |origin| {
        let page = Caller { host: Field::One("attic.local:7780"), origin: Field::One(origin), ..owner(&bearer) };
        check(&Caller { tls: Secured::Yes(&tls), ..page }, &keys, Some(address))
    };
    assert_eq!(from("https://attic.local:7780"), Ok(()));
    for foreign in
        ["http://attic.local:7780", "https://192.168.1.4:7780", "https://attic.local", "https://evil.example"]
    {
        assert_eq!(from(foreign), Err(Refusal::Origin), "{foreign}");
    }
    assert!(same_origin("https://attic.local", "attic.local:443", true));
    assert!(!same_origin("https://attic.local", "attic.local:80", true));
}
