//! The types a parameter can have.

use serde_json::Value;

/// A type a parameter can have. Conversions are strict: an integer is a number, but `10.0` is no
/// integer, and nothing is text but text.
pub trait ParamValue: Sized {
    /// The `"type"` of the schema.
    const TYPE: &'static str;

    /// Reads it; `None` when the JSON has another type.
    fn from_json(json: &Value) -> Option<Self>;

    /// Writes it.
    fn to_json(&self) -> Value;

    /// Its value, to be held against a range.
    fn number(&self) -> Option<f64> {
        None
    }

    /// Its texts, to be held against the choices.
    fn texts(&self) -> &[String] {
        &[]
    }
}

impl ParamValue for f64 {
    const TYPE: &'static str = "number";

    fn from_json(json: &Value) -> Option<f64> {
        json.as_f64().filter(|value| value.is_finite())
    }

    fn to_json(&self) -> Value {
        Value::from(*self)
    }

    fn number(&self) -> Option<f64> {
        Some(*self)
    }
}

macro_rules! integer {
    ($($type:ty, $read:ident;)+) => {$(
        impl ParamValue for $type {
            const TYPE: &'static str = "integer";

            fn from_json(json: &Value) -> Option<$type> {
                json.$read().and_then(|value| value.try_into().ok())
            }

            fn to_json(&self) -> Value {
                Value::from(*self)
            }

            fn number(&self) -> Option<f64> {
                Some(*self as f64)
            }
        }
    )+};
}

integer! {
    u32, as_u64;
    u64, as_u64;
    usize, as_u64;
    i64, as_i64;
}

impl ParamValue for bool {
    const TYPE: &'static str = "boolean";

    fn from_json(json: &Value) -> Option<bool> {
        json.as_bool()
    }

    fn to_json(&self) -> Value {
        Value::from(*self)
    }
}

impl ParamValue for String {
    const TYPE: &'static str = "string";

    fn from_json(json: &Value) -> Option<String> {
        json.as_str().map(str::to_owned)
    }

    fn to_json(&self) -> Value {
        Value::from(self.as_str())
    }

    fn texts(&self) -> &[String] {
        std::slice::from_ref(self)
    }
}

impl ParamValue for Vec<String> {
    const TYPE: &'static str = "strings";

    fn from_json(json: &Value) -> Option<Vec<String>> {
        json.as_array()?.iter().map(String::from_json).collect()
    }

    fn to_json(&self) -> Value {
        Value::from(self.clone())
    }

    fn texts(&self) -> &[String] {
        self
    }
}

impl ParamValue for Vec<i64> {
    const TYPE: &'static str = "integers";

    fn from_json(json: &Value) -> Option<Vec<i64>> {
        json.as_array()?.iter().map(i64::from_json).collect()
    }

    fn to_json(&self) -> Value {
        Value::from(self.clone())
    }
}

/// `null`, or absent with `default_to(None)`: not said.
impl<T: ParamValue> ParamValue for Option<T> {
    const TYPE: &'static str = T::TYPE;

    fn from_json(json: &Value) -> Option<Option<T>> {
        if json.is_null() {
            return Some(None);
        }
        T::from_json(json).map(Some)
    }

    fn to_json(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::to_json)
    }

    fn number(&self) -> Option<f64> {
        self.as_ref().and_then(T::number)
    }

    fn texts(&self) -> &[String] {
        self.as_ref().map_or(&[], T::texts)
    }
}
