//! The set of records: its order does not matter, its caps hold, and each refusal has its cause.

use super::authority::{Authority, Order, Step};
use super::records::Records;
use super::{Effect, Input, Rights, Trust};
use crate::base::id::{MeshId, PeerKey, ReplyId};
use crate::base::rng::Rng;
use crate::limits::{
    ADMINS_MAX, CERTIFICATES_MAX, INVITES_USED_ISSUER_MAX, REMOVALS_ISSUER_MAX, TRUST_FILE_BYTES_MAX, TRUST_PAGE_MAX,
    TRUST_PEERS_MAX,
};
use crate::wire::certificate::exchange::Page;
use crate::wire::certificate::{Caps, Certificate, Chain, InviteUse, Record, Refusal, Removal, Signature};

const MESH: MeshId = MeshId([0x77; 32]);
const OWN: PeerKey = PeerKey([9; 32]);

fn key(n: u64) -> PeerKey {
    let mut key = [7; 32];
    key[..8].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    PeerKey(key)
}

fn certificate(holder: PeerKey, issuer: PeerKey, caps: Caps, serial: u64) -> Record {
    Record::Certificate(Certificate { mesh: MESH, holder, caps, serial, epoch: 0, issuer, signature: Signature::NONE })
}

fn admin(n: u64) -> Record {
    certificate(key(n), MESH.root(), Caps::MEMBER | Caps::ADMIN, n + 1)
}

fn member(n: u64, issuer: u64, serial: u64) -> Record {
    certificate(key(n), key(issuer), Caps::MEMBER, serial)
}

fn removal(n: u64, issuer: u64, epoch: u32) -> Record {
    Record::Removal(Removal { mesh: MESH, holder: key(n), epoch, issuer: key(issuer), signature: Signature::NONE })
}

fn used(invite: u8, n: u64, issuer: u64, serial: u64) -> Record {
    let (invite, holder, issuer) = ([invite; 16], key(n), key(issuer));
    Record::InviteUse(InviteUse { mesh: MESH, invite, holder, serial, epoch: 0, issuer, signature: Signature::NONE })
}

fn page(records: &[Record]) -> Page {
    Page { issuers: Vec::new(), records: records.to_vec() }
}

fn records(all: &[Record]) -> Records {
    let mut records = Records::default();
    assert_eq!(records.adopt(MESH), Ok(()));
    records.take(&page(all));
    records
}

/// Why a record is refused by a set that holds the others.
fn refusal(others: &[Record], record: Record) -> Option<Refusal> {
    records(others).take(&page(&[record])).refused.first().map(|(_, why)| *why)
}

#[test]
fn each_refusal_names_its_cause() {
    let foreign = Record::Removal(Removal {
        mesh: MeshId([1; 32]),
        holder: key(3),
        epoch: 1,
        issuer: PeerKey([1; 32]),
        signature: Signature::NONE,
    });
    let cases = [
        ("another mesh's", vec![admin(0)], foreign, Some(Refusal::OtherMesh)),
        ("a stranger's", vec![admin(0)], member(3, 5, 1), Some(Refusal::NoAdmin)),
        ("a member's", vec![admin(0), member(4, 0, 5)], member(3, 4, 6), Some(Refusal::NoAdmin)),
        ("a member's removal", vec![admin(0), member(4, 0, 5)], removal(0, 4, 1), Some(Refusal::NoAdmin)),
        ("an admin's admin", vec![admin(0)], certificate(key(3), key(0), Caps::ADMIN, 5), Some(Refusal::ChainTooLong)),
        ("of a removed holder", vec![admin(0), removal(3, 0, 1)], member(3, 0, 9), Some(Refusal::Removed)),
        ("by a removed admin", vec![admin(0), admin(1), removal(1, 0, 1)], member(3, 1, 9), Some(Refusal::Removed)),
        ("a removed admin's removal", vec![admin(0), admin(1), removal(1, 0, 1)], removal(0, 1, 1), None),
        ("an admin's", vec![admin(0)], member(3, 0, 1), None),
    ];
    for (name, others, record, expected) in cases {
        assert_eq!(refusal(&others, record), expected, "{name}");
    }
}

#[test]
fn nothing_is_taken_that_has_the_root_as_its_holder_so_no_admin_removes_it() {
    let mut set = records(&[admin(0), member(3, 0, 5)]);
    let (before, root, issuer, signature) = (set.clone(), MESH.root(), key(0), Signature::NONE);
    let of_root = |invite: u8, holder, serial| {
        Record::InviteUse(InviteUse { mesh: MESH, invite: [invite; 16], holder, serial, epoch: 0, issuer, signature })
    };
    let all = [
        Record::Removal(Removal { mesh: MESH, holder: root, epoch: 1, issuer, signature }),
        Record::Removal(Removal { mesh: MESH, holder: root, epoch: 1, issuer: root, signature }),
        certificate(root, key(0), Caps::MEMBER, 9),
        certificate(root, root, Caps::MEMBER | Caps::ADMIN, 9),
        of_root(1, root, 2),
    ];
    for record in all {
        assert_eq!(set.take(&page(&[record])).refused, [(root, Refusal::NotAllowed)], "{record:?}");
        assert_eq!(set, before, "{record:?}");
    }
    // The second use of an invite removes whoever used it later.
    set.take(&page(&[of_root(1, key(3), 1), of_root(1, root, 2)]));
    assert!(!set.is_removed(root) && set.is_admin(key(0)) && set.caps(key(3)).is_some());
    assert_eq!(drafted(&set, Order::Remove(root)), Err(Refusal::NotAllowed));
}

#[test]
fn the_order_of_records_and_their_repetition_do_not_matter() {
    for seed in 0..300 {
        let mut rng = Rng::new(seed);
        let mut all: Vec<Record> = (0..3).map(admin).collect();
        for _ in 0..40 {
            let (n, issuer, serial) = (rng.below(12), rng.below(3), rng.below(20));
            all.push(match rng.below(8) {
                0 => removal(n, issuer, u32::try_from(serial).unwrap()),
                1 => used(u8::try_from(serial % 4).unwrap(), 3 + n, issuer, serial),
                2 => certificate(key(n), MESH.root(), if rng.one_in(2) { Caps::ADMIN } else { Caps::MEMBER }, serial),
                _ => member(n, issuer, serial),
            });
        }
        // Whoever an admin's record needs comes with it, as in a page.
        let proofs: Vec<Record> = all.iter().filter(|of| of.issuer() == MESH.root()).copied().collect();
        let mut first = records(&proofs);
        first.take(&page(&all));
        let mut second = records(&proofs.iter().rev().copied().collect::<Vec<_>>());
        for _ in 0..300 {
            let at = usize::try_from(rng.below(all.len() as u64)).unwrap();
            second.take(&page(&all[at..=at]));
        }
        all.reverse();
        second.take(&page(&all));
        assert_eq!(first, second, "seed {seed}");
        assert_eq!(first.buckets(), second.buckets());
        assert_eq!(Records::decode(&first.encode()), Some(first.clone()), "seed {seed}: the file holds the set");
        // And through pages of the parts that differ.
        let mut third = records(&[]);
        let differs = |part: usize| third.buckets().0[part] != first.buckets().0[part];
        let pages = first.pages(differs);
        assert!(pages.iter().all(|page| page.is_sound() && page.records.len() <= TRUST_PAGE_MAX));
        pages.iter().for_each(|page| assert_eq!(third.take(page).refused, [], "seed {seed}"));
        assert_eq!(third, first, "seed {seed}");
        assert!(
            all.iter().all(|record| !first.is_known(record) || first.clone().take(&page(&[*record])).new.is_empty())
        );
    }
}

#[test]
fn a_full_table_refuses_certificates_and_never_removals_of_another_admin() {
    let mut set = records(&[admin(0), admin(1)]);
    for n in 0..2 * CERTIFICATES_MAX as u64 {
        set.take(&page(&[member(100 + n, 0, 5)]));
        set.take(&page(&[member(100 + n, 1, 5)]));
    }
    assert_eq!(set.take(&page(&[member(9_999, 0, 5)])).refused, [(key(9_999), Refusal::Full)]);
    assert!(set.members().count() <= TRUST_PEERS_MAX + 1);
    let full = (0..).find(|n| !set.take(&page(&[removal(50_000 + n, 0, 1)])).refused.is_empty()).unwrap();
    assert_eq!(full, REMOVALS_ISSUER_MAX as u64);
    assert_eq!(set.take(&page(&[admin(2)])).refused, [(key(2), Refusal::Full)], "there is no room for its certificate");
    assert_eq!(set.take(&page(&[removal(100, 1, 1)])).refused, [], "the other admin has its own room");
    assert!(set.is_removed(key(100)) && set.caps(key(100)).is_none());
    let full = (0..=255).find(|n| !set.take(&page(&[used(*n, 101, 0, 1)])).refused.is_empty());
    assert!(full.is_none() && INVITES_USED_ISSUER_MAX == 256);
    let admins = (1..100).filter(|n| records(&(0..*n).map(admin).collect::<Vec<_>>()).is_admin(key(n - 1))).count();
    assert_eq!(admins, ADMINS_MAX);
    let bytes = set.encode();
    assert!(bytes.len() < TRUST_FILE_BYTES_MAX && Records::decode(&bytes) == Some(set), "{} bytes", bytes.len());
}

#[test]
fn the_newest_certificate_counts_and_one_of_an_admin_that_the_root_made_a_member_does_not() {
    let demoted = certificate(key(1), MESH.root(), Caps::MEMBER, 30);
    let set =
        records(&[admin(0), admin(1), member(3, 0, 5), certificate(key(3), key(1), Caps::WORKER, 6), member(4, 1, 7)]);
    assert_eq!((set.caps(key(3)), set.caps(key(4))), (Some(Caps::WORKER), Some(Caps::MEMBER)));
    assert_eq!((set.next_serial(), set.epoch()), (8, 0));
    let mut later = set.clone();
    later.take(&page(&[demoted]));
    assert!(!later.is_admin(key(1)) && later.caps(key(1)) == Some(Caps::MEMBER));
    assert_eq!((later.caps(key(3)), later.caps(key(4))), (Some(Caps::MEMBER), None));
    assert_eq!(Records::decode(&later.encode()), Some(later));
    assert_eq!(set.chain(key(4)).map(|chain| chain.check(MESH)), Some(Ok(())));
}

#[test]
fn a_certificate_that_nobody_knows_is_taken_of_the_last_two_epochs_only() {
    let mut trust = Trust::with_records(OWN, records(&[admin(0), removal(50, 0, 4), member(8, 0, 2)]));
    let Record::Certificate(issuer) = admin(0) else { panic!() };
    let shown = |n: u64, epoch: u32| {
        let Record::Certificate(certificate) = member(n, 0, 3) else { panic!() };
        Chain { certificate: Certificate { epoch, ..certificate }, issuer: Some(issuer) }
    };
    assert_eq!(trust.may_enter(key(7), &shown(7, 2)), Err(Refusal::OlderEpoch));
    assert_eq!(trust.may_enter(key(7), &shown(7, 3)), Ok(()));
    assert_eq!(trust.may_enter(key(8), &shown(8, 0)), Ok(()), "the set has a certificate of it");
    assert_eq!(trust.may_enter(key(50), &shown(50, 4)), Err(Refusal::Removed));
    assert_eq!(trust.may_enter(key(6), &shown(7, 4)), Err(Refusal::Signature), "it is another one's");
    let other = Chain { certificate: Certificate { mesh: MeshId([1; 32]), ..issuer }, issuer: None };
    assert_eq!(trust.may_enter(key(0), &other), Err(Refusal::OtherMesh));
    assert_eq!(Trust::new(OWN).may_enter(key(0), &shown(0, 0)), Err(Refusal::OtherMesh), "this device is in no mesh");
    let (taken, effects) = trust.take(&Page::from(shown(7, 3)));
    assert_eq!((taken.refused.len(), effects), (0, vec![Effect::Admit(key(7), Rights::of(Some(Caps::MEMBER)))]));
}

#[test]
fn a_removed_device_has_no_right_by_a_grant_and_a_removed_owner_trusts_no_certificate() {
    let mut trust = Trust::with_records(OWN, records(&[admin(0), member(3, 0, 2), member(4, 0, 3)]));
    assert_eq!(trust.iter().count(), 3);
    assert!(trust.handle(Input::Grant(key(3), Rights::ALL)).is_ok());
    assert_eq!(trust.rights(key(77)), Rights::GUEST, "a stranger may pair");
    let (_, effects) = trust.take(&page(&[removal(3, 0, 1)]));
    assert_eq!(effects, [Effect::Expel(key(3))]);
    assert_eq!(trust.handle(Input::Grant(key(3), Rights::ALL)), Ok(None), "a removal wins");
    let own = Removal { mesh: MESH, holder: OWN, epoch: 2, issuer: key(0), signature: Signature::NONE };
    let (_, effects) = trust.take(&page(&[Record::Removal(own)]));
    assert_eq!(effects.len(), 2);
    assert_eq!(trust.iter().count(), 0);
}

/// The records that an order of the admin 0 makes.
fn drafted(records: &Records, order: Order) -> Result<Vec<Record>, Refusal> {
    let mut authority = Authority::default();
    assert!(authority.order(ReplyId(1), order));
    match authority.next(key(0), records) {
        Some(Step::Sign(records)) => Ok(records),
        Some(Step::Refuse(_, why)) => Err(why),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_admin_certifies_removes_and_takes_over_those_whom_a_removed_admin_had_admitted() {
    let set = records(&[admin(0), admin(1), member(3, 1, 7), member(4, 0, 8), removal(60, 1, 5)]);
    let issue = |n| Order::Issue { holder: key(n), caps: Caps::MEMBER | Caps::ADMIN };
    let Ok([Record::Certificate(issued)]) =
        drafted(&set, issue(5)).as_deref().map(|all| <[Record; 1]>::try_from(all).unwrap())
    else {
        panic!()
    };
    assert_eq!((issued.serial, issued.epoch, issued.caps, issued.issuer), (9, 5, Caps::MEMBER, key(0)));
    assert_eq!(drafted(&set, issue(60)), Err(Refusal::Removed));
    assert_eq!(drafted(&set, issue(1)), Err(Refusal::NotAllowed), "the root's certificate of an admin stays");
    assert_eq!(drafted(&records(&[admin(1)]), issue(5)), Err(Refusal::NotAllowed), "it is no admin itself");
    assert_eq!(drafted(&records(&[admin(0), admin(1), removal(0, 1, 1)]), issue(5)), Err(Refusal::NotAllowed));
    let removed = drafted(&set, Order::Remove(key(1))).unwrap();
    let mut after = set.clone();
    assert_eq!(after.take(&page(&removed)).refused, []);
    assert!(after.caps(key(3)) == Some(Caps::MEMBER) && after.caps(key(1)).is_none() && after.epoch() == 6);
    assert_eq!(drafted(&after, Order::Remove(key(1))), Ok(Vec::new()), "it is removed already");
    let redeem = |n| Order::Redeem { invite: [1; 16], holder: key(n), caps: Caps::MEMBER };
    after.take(&page(&drafted(&after, redeem(5)).unwrap()));
    assert_eq!(drafted(&after, redeem(6)), Err(Refusal::Used));
    assert_eq!(drafted(&after, redeem(5)).map(|all| all.len()), Ok(1), "the same device asks again: no second use");
}

#[test]
fn an_admin_that_redeems_an_invite_keeps_its_certificate_and_has_used_it() {
    let mut set = records(&[admin(0), admin(1)]);
    let redeem = |n| Order::Redeem { invite: [1; 16], holder: key(n), caps: Caps::MEMBER };
    let all = drafted(&set, redeem(1)).unwrap();
    assert!(matches!(&all[..], [Record::InviteUse(of)] if of.holder == key(1) && of.issuer == key(0)), "{all:?}");
    set.take(&page(&all));
    assert_eq!(drafted(&set, redeem(6)), Err(Refusal::Used), "and nobody else does");
    assert_eq!(drafted(&set, redeem(1)), Ok(Vec::new()), "it asks again");
    assert!(set.is_admin(key(1)));
}
