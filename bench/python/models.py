"""The models that are compared: random weights, nothing is fetched."""


def image():
    import torch

    return (torch.rand(1, 3, 224, 224),)


def resnet50():
    import torchvision

    return torchvision.models.resnet50(weights=None).eval(), image()


def mobilenet_v2():
    import torchvision

    return torchvision.models.mobilenet_v2(weights=None).eval(), image()


def vit_b_16():
    import torchvision

    return torchvision.models.vit_b_16(weights=None).eval(), image()


def lstm():
    import torch
    from torch import nn

    class Classifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(10000, 128)
            self.lstm = nn.LSTM(128, 256, 2, batch_first=True, bidirectional=True)
            self.fc = nn.Linear(512, 4)

        def forward(self, tokens):
            return self.fc(self.lstm(self.embedding(tokens))[0][:, -1])

    return Classifier().eval(), (torch.randint(0, 10000, (1, 50)),)


def tokens(config, cls, **options):
    import torch
    import transformers

    transformers.logging.set_verbosity_error()
    model = getattr(transformers, cls)(getattr(transformers, config)(**options)).eval()
    return model, (torch.randint(0, 1000, (1, 128)),)


def bert_base():
    return tokens("BertConfig", "BertModel")


def gpt2_small():
    return tokens("GPT2Config", "GPT2LMHeadModel", use_cache=False)


def keras_mlp():
    import keras
    from keras import layers as L

    return keras.Sequential(
        [
            keras.Input((784,)),
            L.Dense(128, activation="relu"),
            L.Dropout(0.2),
            L.Dense(64, activation="relu"),
            L.Dense(10, activation="softmax"),
        ]
    )


def keras_vgg16():
    import keras

    return keras.applications.VGG16(weights=None)


def keras_efficientnetb0():
    import keras

    return keras.applications.EfficientNetB0(weights=None)


def keras_mobilenetv3():
    import keras

    return keras.applications.MobileNetV3Small(weights=None)


TORCH = (lstm, resnet50, mobilenet_v2, vit_b_16, bert_base, gpt2_small)
KERAS = (keras_mlp, keras_vgg16, keras_mobilenetv3, keras_efficientnetb0)
