//! Archives are looked into: models inside ZIP, tar and gzip, and what is said when there are none or several.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Write as _;

use netloom_import::{Bytes, read};

const LOOM: &str = "input x: [1, 3, 32, 32]\n\nx > conv(8, 3) > relu > flatten > linear(10)\n";

fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, data) in members {
        let mut block = vec![0; 512];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[124..135].copy_from_slice(format!("{:011o}", data.len()).as_bytes());
        block[156] = b'0';
        block[148..156].fill(b' ');
        let sum: u64 = block.iter().map(|b| u64::from(*b)).sum();
        block[148..154].copy_from_slice(format!("{sum:06o}").as_bytes());
        block[154] = 0;
        out.extend(block);
        out.extend(*data);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.extend([0; 1024]);
    out
}

/// A ZIP archive of deflated members, written by hand.
fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut out, mut list) = (Vec::new(), Vec::new());
    for (name, data) in members {
        let mut deflated = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        deflated.write_all(data).unwrap();
        let packed = deflated.finish().unwrap();
        let mut crc = flate2::Crc::new();
        crc.update(data);
        let offset = u32::try_from(out.len()).unwrap();
        let mut facts = vec![20, 0, 0, 0, 8, 0, 0, 0, 0, 0];
        facts.extend(crc.sum().to_le_bytes());
        for n in [packed.len(), data.len()] {
            facts.extend(u32::try_from(n).unwrap().to_le_bytes());
        }
        facts.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        facts.extend([0, 0]);
        out.extend(b"PK\x03\x04");
        out.extend(&facts);
        out.extend(name.as_bytes());
        out.extend(packed);
        list.extend(b"PK\x01\x02\x14\x00");
        list.extend(&facts);
        list.extend([0; 10]);
        list.extend(offset.to_le_bytes());
        list.extend(name.as_bytes());
    }
    let (start, len) = (u32::try_from(out.len()).unwrap(), u32::try_from(list.len()).unwrap());
    let n = u16::try_from(members.len()).unwrap().to_le_bytes();
    out.extend(list);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend([n[0], n[1], n[0], n[1]]);
    out.extend(len.to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0, 0]);
    out
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(data).unwrap();
    out.finish().unwrap()
}

/// Checks the number of nodes read, or the message.
#[track_caller]
fn check(name: &str, bytes: &[u8], expected: &str) {
    let found = match read(&Bytes::new(name, bytes)) {
        Ok(graph) => format!("{} nodes", graph.nodes().len()),
        Err(error) => error.to_string(),
    };
    assert_eq!(found, expected, "{name}");
}

#[test]
fn models_inside_are_read() {
    let model = LOOM.as_bytes();
    check("a.loom", model, "4 nodes");
    check("a.loom.gz", &gzip(model), "4 nodes");
    check("a.tar", &tar(&[("readme.md", b"words"), ("deep/net.loom", model)]), "4 nodes");
    check("a.tgz", &gzip(&tar(&[("net.loom", model)])), "4 nodes");
    check("a.zip", &zip(&[("top/readme.md", b"words"), ("top/net.loom", model)]), "4 nodes");
    check("a.zip", &zip(&[("inner.loom.gz", &gzip(model))]), "4 nodes");
}

#[test]
fn none_or_several_are_told() {
    let model = LOOM.as_bytes();
    check(
        "a.zip",
        &zip(&[("a.loom", model), ("b.loom", model)]),
        "this archive holds several models: `a.loom`, `b.loom`",
    );
    check("a.zip", &zip(&[("b.md", b"words")]), "this is an archive without a model: `b.md`");
    check("a.tar", &tar(&[("b.csv", b"1,2")]), "this is an archive without a model: `b.csv`");
    let nested = (0..4).fold(model.to_vec(), |inner, _| gzip(&inner));
    check("a.loom.gz.gz.gz.gz", &nested, "archives nest more than 3 deep");
}

#[test]
fn hostile_archives_get_an_answer() {
    let spaces = vec![b' '; 40 << 20];
    let bomb = zip(&[("config.json", &spaces)]);
    assert!(read(&Bytes::new("bomb.zip", bomb)).is_err());
    let whole = zip(&[("a.loom", LOOM.as_bytes()), ("b.md", b"x")]);
    for cut in 0..whole.len() {
        // A cut archive has lost the list at its end.
        assert!(read(&Bytes::new("cut.zip", &whole[..cut])).is_err(), "{cut}");
    }
    for at in 0..whole.len() {
        for flip in [0xff, 0x01, 0x80] {
            let mut bytes = whole.clone();
            bytes[at] ^= flip;
            let _ = read(&Bytes::new("flipped.zip", bytes)).map(|g| g.nodes().len());
        }
    }
}
