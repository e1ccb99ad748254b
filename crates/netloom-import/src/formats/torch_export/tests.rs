//! Programs written by hand, of all layouts, and damaged ones.

use netloom_graph::{Graph, Role, Severity};

use crate::{Bytes, ErrorKind, read};

fn tensor(sizes: &str, grad: bool) -> String {
    format!(r#"{{"dtype":7,"sizes":{sizes},"requires_grad":{grad}}}"#)
}

/// A program of one linear layer and one in-place addition, as PyTorch writes it.
pub(super) fn program() -> String {
    let (batch, wide) = (r#"{"as_expr":{"expr_str":"s77","hint":{"as_int":2}}}"#, r#"{"as_int":4}"#);
    let x = tensor(&format!("[{batch},{wide}]"), false);
    let w = tensor(&format!("[{wide},{wide}]"), true);
    let stack = "L__self__,,net.Net;L__self__fc,fc,torch.nn.modules.linear.Linear";
    format!(
        r#"{{"graph_module":{{"graph":{{
"inputs":[{{"as_tensor":{{"name":"p_w"}}}},{{"as_tensor":{{"name":"x"}}}}],
"outputs":[{{"as_tensor":{{"name":"add_"}}}}],
"nodes":[
{{"target":"torch.ops.aten.linear.default","inputs":[
{{"name":"input","arg":{{"as_tensor":{{"name":"x"}}}},"kind":1}},
{{"name":"weight","arg":{{"as_tensor":{{"name":"p_w"}}}},"kind":1}}],
"outputs":[{{"as_tensor":{{"name":"y"}}}}],"metadata":{{"nn_module_stack":"{stack}","stack_trace":"t"}}}},
{{"target":"torch.ops.aten.select.int","inputs":[
{{"name":"self","arg":{{"as_tensor":{{"name":"y"}}}}}},{{"name":"dim","arg":{{"as_int":1}}}},
{{"name":"index","arg":{{"as_int":0}}}}],"outputs":[{{"as_tensor":{{"name":"part"}}}}],"metadata":{{}}}},
{{"target":"torch.ops.aten.zero_.default","inputs":[{{"name":"self","arg":{{"as_tensor":{{"name":"part"}}}}}}],
"outputs":[{{"as_tensor":{{"name":"zero_"}}}}],"metadata":{{}}}},
{{"target":"torch.ops.aten._assert_async.msg","inputs":[],"outputs":[],"metadata":{{}}}},
{{"target":"torch.ops.mine.frob.default","inputs":[{{"name":"x","arg":{{"as_tensor":{{"name":"x"}}}}}},
{{"name":"k","arg":{{"as_future":{{"a":[1,2]}}}}}}],
"outputs":[{{"as_tensor":{{"name":"unread"}}}}],"metadata":{{}}}},
{{"target":"torch.ops.aten.add_.Tensor","inputs":[{{"name":"self","arg":{{"as_tensor":{{"name":"y"}}}}}},
{{"name":"other","arg":{{"as_float":"Infinity"}}}}],
"outputs":[{{"as_tensor":{{"name":"add_"}}}}],"metadata":{{"nn_module_stack":"L__self__,,net.Net"}}}}],
"tensor_values":{{"x":{x},"p_w":{w},"y":{x},"add_":{x}}},"sym_int_values":{{}},"sym_bool_values":{{}}}},
"signature":{{"input_specs":[
{{"parameter":{{"arg":{{"name":"p_w"}},"parameter_name":"fc.weight"}}}},
{{"user_input":{{"arg":{{"as_tensor":{{"name":"x"}}}}}}}}],
"output_specs":[{{"user_output":{{"arg":{{"as_tensor":{{"name":"add_"}}}}}}}}]}},
"module_call_graph":[{{"fqn":"","signature":{{"inputs":[],"outputs":[],"in_spec":"","out_spec":"[1, {{\"type\": \"builtins.dict\", \"context\": \"[\\\"logits\\\"]\", \"children_spec\": [{{\"type\": null, \"context\": null, \"children_spec\": []}}]}}]"}}}}]}},
"opset_version":{{"aten":10}},"range_constraints":{{"s77":{{"min_val":0,"max_val":null}}}},
"schema_version":{{"major":8,"minor":20}},"torch_version":"2.15.0"}}"#
    )
}

fn graph(text: &str) -> Graph {
    read(&Bytes::new("net.json", text.as_bytes())).unwrap()
}

#[test]
fn a_program_becomes_a_graph() {
    let graph = graph(&program());
    assert_eq!(graph.format, "torch-export");
    let ops: Vec<&str> = graph.nodes().map(|(_, n)| n.op.as_str()).collect();
    assert_eq!(ops, ["linear", "Gather", "Expand", "ScatterND", "Add"]);
    let names = |ids: &[netloom_graph::TensorId]| -> Vec<String> {
        ids.iter().map(|t| format!("{} {}", graph.tensor(*t).name, graph.tensor(*t).ty.shape())).collect()
    };
    assert_eq!(names(&graph.inputs), ["x batch×4"]);
    assert_eq!(names(&graph.outputs), ["logits batch×4"]);
    let (_, weight) = graph.tensors().find(|(_, t)| t.name == "fc.weight").unwrap();
    assert_eq!(weight.weight.as_ref().unwrap().role, Some(Role::Parameter { trainable: Some(true) }));
    let (_, fc) = graph.modules().find(|(_, m)| m.path == "fc").unwrap();
    assert_eq!(fc.class.as_deref(), Some("Linear"));
    assert_eq!(graph.module(graph.root()).class.as_deref(), Some("Net"));
}

#[test]
fn a_live_model_says_more() {
    let live = r#","netloom":{"version":1,"name":"Net","weights":{
"fc.weight":{"dtype":"float32","sizes":[4,4],"trainable":false,"kind":"parameter","shared_with":null},
"spare":{"dtype":"float16","sizes":[3],"trainable":true,"kind":"parameter","shared_with":null},
"tied":{"dtype":"float32","sizes":[4,4],"trainable":false,"kind":"parameter","shared_with":"fc.weight"}},
"modules":{"":"net.Net","fc":"net.Special"},
"failed_at":{"module":"fc","class":"a.Linear","op":"aten.add_","node":"add_","message":"ValueError: no"},
"notes":["a note"]}}"#;
    let text = program();
    let graph = graph(&format!("{}{live}", text.strip_suffix('}').unwrap()));
    assert_eq!(graph.name, "Net");
    let stored: Vec<(&str, Option<Role>)> = graph
        .tensors()
        .filter(|(_, t)| t.name.contains("spare") || t.name.contains("weight") || t.name == "tied")
        .map(|(_, t)| (t.name.as_str(), t.weight.as_ref().unwrap().role))
        .collect();
    let role = |t| Some(Role::Parameter { trainable: Some(t) });
    assert_eq!(stored, [("fc.weight", role(false)), ("spare", role(true))]);
    let told: Vec<String> =
        graph.diagnostics.iter().map(|d| format!("{} {}: {}", d.severity, d.path, d.message)).collect();
    let failed =
        "error fc: the forward pass failed here in aten.add_: ValueError: no; what ran before is shown";
    assert_eq!(told, ["note : a note", failed]);
}

#[test]
fn older_and_newer_versions_are_read() {
    let text = program().replace(r#""major":8"#, r#""major":99"#);
    let newer = graph(&text);
    assert!(newer.diagnostics.iter().any(|d| d.severity == Severity::Warning && d.message.contains("newer")));
    let (before, after) = text.split_once(r#""signature":"#).unwrap();
    let (_, after) = after.split_once(r#","module_call_graph""#).unwrap_or(("", after));
    let rest = after.split_once("\"module_call_graph\"").map_or(after, |(_, rest)| rest);
    let old = format!(
        r#"{before}"signature":{{"inputs_to_parameters":{{"p_w":"fc.weight"}},"inputs_to_buffers":{{}},"user_inputs":["x"],"user_outputs":["add_"]}},"module_call_graph"{rest}"#
    );
    let old = graph(&old);
    assert_eq!((old.inputs.len(), old.outputs.len()), (1, 1));
    assert!(old.tensors().any(|(_, t)| t.name == "fc.weight" && t.is_stored()));
    assert!(graph(&text.replace("\"Infinity\"", "-Infinity")).nodes().len() > 2);
}

#[test]
fn damaged_programs_are_read_or_refused() {
    let text = program();
    for end in 0..text.len() {
        let cut = Bytes::new("net.pt2", &text.as_bytes()[..end]);
        assert!(end > 400 || read(&cut).is_err());
        let _ = read(&cut);
    }
    let mut seed = 1_u64;
    for _ in 0..3000 {
        let mut bytes = text.clone().into_bytes();
        for _ in 0..3 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let at = usize::try_from(seed >> 33).unwrap() % bytes.len();
            bytes[at] = b"\"{}[],:09-ax"[usize::try_from(seed >> 20 & 0xff).unwrap() % 12];
        }
        let _ = read(&Bytes::new("net.json", bytes));
    }
    let deep = format!(r#"{{"graph_module":{}"#, "[".repeat(100_000));
    assert!(matches!(
        read(&Bytes::new("deep.json", deep.as_bytes())).unwrap_err().kind(),
        ErrorKind::Damaged { .. }
    ));
}
