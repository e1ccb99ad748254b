//! Values, damage, refusals and tensors of small pickles.

use super::tensor::Place;
use super::*;
use crate::Bytes;
use netloom_graph::DType;

fn read(bytes: &[u8]) -> Result<Pickle, Error> {
    Pickle::read(&Bytes::new("p.pkl", bytes), 0)
}

fn shown(p: &Pickle, value: Value, depth: usize) -> String {
    if depth > 6 {
        return "…".to_owned();
    }
    let list = |l: &[Value]| l.iter().map(|v| shown(p, *v, depth + 1)).collect::<Vec<_>>().join(", ");
    match value {
        Value::None => "None".to_owned(),
        Value::Bool(b) => b.to_string(),
        Value::Int(n) => n.to_string(),
        Value::Float(x) => format!("{x:?}"),
        Value::Item(_) => match p.item(value).unwrap() {
            Item::Text(t) => format!("'{t}'"),
            Item::Bytes { offset, len } => format!("bytes {offset}+{len}"),
            Item::Big(b) => format!("big {}", b.len()),
            Item::Global { module, name } => format!("{module}.{name}"),
            Item::List(l) => format!("[{}]", list(l)),
            Item::Tuple(l) => format!("({})", list(l)),
            Item::Set(l) => format!("{{{}}}", list(l)),
            Item::Dict(d) => {
                let pairs: Vec<_> = d
                    .iter()
                    .map(|(k, v)| format!("{}: {}", shown(p, *k, depth + 1), shown(p, *v, depth + 1)))
                    .collect();
                format!("{{{}}}", pairs.join(", "))
            }
            Item::Object(o) => {
                let state = o.state.map(|s| format!(" <- {}", shown(p, s, depth + 1))).unwrap_or_default();
                format!("{}{}{state}", shown(p, o.callee, depth + 1), shown(p, o.arguments, depth + 1))
            }
            Item::Persistent(v) => format!("persistent {}", shown(p, *v, depth + 1)),
        },
    }
}

#[track_caller]
fn check(bytes: &[u8], expected: &str) {
    let found = match read(bytes) {
        Ok(pickle) => shown(&pickle, pickle.root, 0),
        Err(error) => error.to_string(),
    };
    assert_eq!(found, expected);
}

#[test]
fn values() {
    check(b"N.", "None");
    check(b"I01\n.", "true");
    check(b"I-7\n.", "-7");
    check(b"L12L\n.", "12");
    check(b"F2.5\n.", "2.5");
    check(b"G\x40\x04\0\0\0\0\0\0.", "2.5");
    check(b"\x80\x02J\xff\xff\xff\xff.", "-1");
    check(b"\x8a\x02\x00\xff.", "-256");
    check(b"\x8a\x00.", "0");
    check(b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", "big 10");
    check(b"S'text'\n.", "'text'");
    check(b"X\x03\0\0\0abc.", "'abc'");
    check(b"\x80\x04\x95\x05\0\0\0\0\0\0\0\x8c\x03abc.", "'abc'");
    check(b"C\x02ab.", "bytes 2+2");
    check(b"(I1\nI2\nl.", "[1, 2]");
    check(b"](K\x01K\x02e.", "[1, 2]");
    check(b"K\x01K\x02\x86.", "(1, 2)");
    check(b"}(X\x01\0\0\0aK\x01u.", "{'a': 1}");
    check(b"\x8f(K\x01\x90.", "{1}");
    check(b"ccollections\nOrderedDict\n)R(X\x01\0\0\0aK\x01u.", "{'a': 1}");
    check(b"cm\nC\n)\x81}X\x01\0\0\0aK\x01sb.", "m.C() <- {'a': 1}");
    check(b"\x8c\x01m\x8c\x01C\x93)R.", "m.C()");
    check(b"(im\nC\n.", "m.C()");
    check(b"(cm\nC\nK\x05o.", "m.C(5)");
    check(b"\x80\x02]q\0h\0a.", "[[[[[[[…]]]]]]]");
    check(b"(X\x07\0\0\0storagetQ.", "persistent ('storage')");
    check(b"K\x01(K\x020K\x031.", "1");
}

#[test]
fn damage() {
    check(b"", "damaged at byte 0: expected the next opcode of a pickle, found the end of the file");
    check(b"K", "damaged at byte 1: expected the next opcode of a pickle, found the end of the file");
    check(b".", "damaged at byte 0: expected a value on the stack of the pickle, found none");
    check(b"\xff.", "damaged at byte 0: expected an opcode of a pickle, found the byte 0xff");
    check(b"\x80\x09N.", "damaged at byte 0: expected a pickle of protocol 0 to 5, found protocol 9");
    check(b"X\xff\xff\xff\xffab.", "damaged at byte 5: expected 4294967295 bytes, found 3");
    check(
        b"\x8e\xff\xff\xff\xff\xff\xff\xff\xffa",
        "damaged at byte 9: expected 18446744073709551615 bytes, found 1",
    );
    check(
        b"h\x05.",
        "damaged at byte 0: expected a value that was remembered, found number 5, which was not",
    );
    check(b"t.", "damaged at byte 0: expected a mark on the stack of the pickle, found none");
    check(b"K\x01(s.", "damaged at byte 3: expected 2 values on the stack of the pickle, found fewer");
    check(b"K\x01K\x02a.", "damaged at byte 4: expected a list, found a plain value");
}

#[test]
fn what_would_run_something_is_refused() {
    check(b"cos\nsystem\n.", "refused: names the global os.system");
    check(b"\x8c\x05posix\x8c\x06system\x93.", "refused: names the global posix.system");
    check(b"(S'ls'\nios\nsystem\n.", "refused: names the global os.system");
    check(b"c__builtin__\neval\n.", "refused: names the global __builtin__.eval");
    let getattr = |name: &str| {
        let mut bytes = b"cbuiltins\ngetattr\ncm\nC\n".to_vec();
        bytes.extend([b'X', u8::try_from(name.len()).unwrap(), 0, 0, 0]);
        bytes.extend(name.as_bytes());
        bytes.extend(b"\x86R.");
        bytes
    };
    check(&getattr("RED"), "builtins.getattr(m.C, 'RED')");
    check(&getattr("__class__"), "refused: names the global builtins.getattr");
    check(b"cbuiltins\ngetattr\n)R.", "refused: names the global builtins.getattr");
}

#[test]
fn tensors() {
    let bytes = b"ctorch._utils\n_rebuild_parameter\nctorch._utils\n_rebuild_tensor_v2\n(\
        (X\x07\0\0\0storagectorch\nHalfStorage\nX\x01\0\0\0\x37X\x03\0\0\0cpuK\x0ctQ\
        K\x02(K\x02K\x05t(K\x05K\x01t\x89)t\x52\x89)\x87R.";
    let pickle = read(bytes).unwrap();
    let tensor = pickle.tensor(pickle.root).unwrap();
    assert_eq!((tensor.dtype, &tensor.dims[..]), (Some(DType::Float16), &[2, 5][..]));
    assert_eq!((tensor.parameter, tensor.elements()), (Some(false), Some(10)));
    assert_eq!(tensor.place, Some(Place::Storage { key: "7".to_owned(), elements: 12, offset: 2 }));
}

#[test]
fn cut_and_mutated_pickles_end() {
    let seed: &[u8] = b"\x80\x02ccollections\nOrderedDict\nq\0)R(X\x01\0\0\0aq\x01](K\x01K\x02eh\x01}u0\
        cm\nC\n)\x81}X\x01\0\0\0a\x8a\x02\x00\xffsb(ctorch._utils\n_rebuild_tensor_v2\n)t.";
    for end in 0..seed.len() {
        assert!(read(&seed[..end]).is_err(), "cut at {end}");
    }
    let mut state = 1_u64;
    let mut read_ones = 0;
    for _ in 0..20_000 {
        let mut bytes = seed.to_vec();
        for _ in 0..3 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let at = (state >> 33) as usize % bytes.len();
            bytes[at] = (state >> 17) as u8;
        }
        if let Ok(pickle) = read(&bytes) {
            read_ones += 1;
            shown(&pickle, pickle.root, 0);
            pickle.tensor(pickle.root);
        }
    }
    assert!(read_ones > 0);
}
